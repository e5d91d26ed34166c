// @ts-check
/** The class picker: keys 0–9, a search, and what may be drawn over. */

import { Sign } from "/static/draw/signs.js";
import { useEvents } from "/static/draw/watch.js";
import { Swatch } from "/static/elements.js";
import { html, useRef, useState } from "/static/view.js";

/** @typedef {import("/static/draw/drawing.js").Drawing} Drawing */
/** @typedef {import("/static/session.js").ClassOfThings} ClassOfThings */

/** @param {{drawing: Drawing, classes: ClassOfThings[], done: () => void}} props */
export function Classes({ drawing, classes, done }) {
  const [words, setWords] = useState("");
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEvents(drawing, "tools");
  const found = classes.filter((item) => item.name.toLowerCase().includes(words.trim().toLowerCase()));
  const pick = (/** @type {number} */ label) => {
    drawing.set({ label });
    setWords("");
    done();
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && found.length) pick(found[0].label);
    if (event.key === "Escape") done();
  };
  return html`<section class="classes" aria-label="Classes">
    <label class="hidden" for="class-search">Search a class</label>
    <input id="class-search" ref=${search} type="search" placeholder="Search a class  /" autocomplete="off" value=${words}
      onInput=${(/** @type {any} */ event) => setWords(event.target.value)} onKeyDown=${key} />
    <ul>
      ${found.map((item) => html`<${Row} key=${item.label} item=${item} place=${classes.indexOf(item)} drawing=${drawing} pick=${pick} />`)}
      ${found.length === 0 && html`<li class="quiet">No class is called that.</li>`}
    </ul>
    <label class="inline only">Draw only within
      <select value=${drawing.only ?? ""} onChange=${(/** @type {any} */ event) => only(drawing, event.target.value)}>
        <option value="">anything</option>
        ${classes.map((item) => html`<option key=${item.label} value=${item.label}>${item.name}</option>`)}
        <option value="255">void</option>
      </select>
    </label>
  </section>`;
}

/** @param {Drawing} drawing @param {string} value */
function only(drawing, value) {
  drawing.set({ only: value === "" ? null : Number(value) });
}

/** @param {{item: ClassOfThings, place: number, drawing: Drawing, pick: (label: number) => void}} props */
function Row({ item, place, drawing, pick }) {
  const locked = drawing.locked.has(item.label);
  return html`<li>
    <button type="button" class="class" aria-pressed=${item.label === drawing.label} onClick=${() => pick(item.label)}>
      <${Swatch} colour=${item.colour} /><span>${item.name}</span>${place < 10 && html`<kbd>${place}</kbd>`}
    </button>
    <button type="button" class="plain lock" aria-pressed=${locked} title=${`Don’t draw over ${item.name}`}
      aria-label=${`Don’t draw over ${item.name}`} onClick=${() => toggleLock(drawing, item.label)}>
      <${Sign} name=${locked ? "lock" : "unlock"} />
    </button>
  </li>`;
}

/** Whether a class may be drawn over, turned round. @param {Drawing} drawing @param {number} label */
export function toggleLock(drawing, label) {
  const locked = new Set(drawing.locked);
  if (!locked.delete(label)) locked.add(label);
  drawing.set({ locked });
}
