// @ts-check
/** One ranking: its top images, live, and a closer look at each. */

import { events, get } from "/static/api.js";
import { Chip, Empty, Loaded, PageHead, Switch } from "/static/elements.js";
import { Layers } from "/static/layers.js";
import { useLoad } from "/static/load.js";
import { Closer } from "/static/pages/closer.js";
import { DEFENDERS, addressOf } from "/static/pages/rankings.js";
import { ImagesFilter, isAll, queryOf } from "/static/rankings/images.js";
import { useShortcuts } from "/static/shortcuts.js";
import { html, useEffect, useRef, useState } from "/static/view.js";
import { moment, number, percent, plural } from "/static/words.js";

const PAGE = 12;
/** Images from the top that are followed live. */
const WATCHED = 200;

/** What one sees in the panels: opacity of the maps, and whether the two maps have changed places. @typedef {{opacity: number, swapped: boolean}} Look */

/**
 * @param {{matrix: any, defender: string, competitor: string, name: string,
 *   images: import("/static/rankings/images.js").Images,
 *   choose: (images: import("/static/rankings/images.js").Images) => void}} props
 */
export function Ranking({ matrix, defender, competitor, name, images, choose }) {
  const query = { target: matrix.target, competitor, defender, class: name, ...queryOf(images) };
  const load = useLoad((signal) => get("/api/ranking", { ...query, page_size: PAGE }, signal), [images]);
  const [paused, setPaused] = useState(false);
  const [live, setLive] = useState(false);
  const [fresh, setFresh] = useState(/** @type {Set<string>} */ (new Set()));
  const [look, setLook] = useState(/** @type {Look} */ ({ opacity: 0.7, swapped: false }));
  const [closer, setCloser] = useState(-1);
  const current = useRef(load.value);
  current.current = load.value;
  const shown = load.value?.entries.length ?? 0;
  const halted = useRef(paused);
  halted.current = paused; // at once: what is listened to ends only after the next picture of the page

  useEffect(() => {
    if (paused || !shown) return undefined;
    const heard = (/** @type {any} */ now) => {
      if (halted.current) return;
      const known = new Set(current.current.entries.map((/** @type {any} */ entry) => entry.image_id));
      setFresh(
        new Set(
          now.entries
            .map((/** @type {any} */ entry) => entry.image_id)
            .filter((/** @type {string} */ id) => !known.has(id)),
        ),
      );
      load.set({
        ...current.current,
        entries: joined(now.entries, current.current.entries.slice(now.entries.length)),
        revision: now.revision,
      });
    };
    return events(
      "/api/ranking/events",
      { ...query, top: Math.min(Math.max(shown, PAGE), WATCHED) },
      "ranking",
      heard,
      setLive,
    );
  }, [paused, shown, images]);

  const more = async () => {
    const next = await get("/api/ranking", { ...query, page_size: PAGE, page_token: load.value.next_page_token });
    load.set({ ...next, entries: joined(load.value.entries, next.entries) });
  };
  const swap = () => setLook((now) => ({ ...now, swapped: !now.swapped }));
  const fade = (/** @type {number} */ by) =>
    setLook((now) => ({ ...now, opacity: Math.min(1, Math.max(0, now.opacity + by)) }));
  useShortcuts("Images", [
    {
      keys: ["ArrowRight", "ArrowDown"],
      label: "next image",
      repeats: true,
      run: () => (closer < 0 ? focusCard(1) : setCloser(Math.min(closer + 1, shown - 1))),
    },
    {
      keys: ["ArrowLeft", "ArrowUp"],
      label: "image before",
      repeats: true,
      run: () => (closer < 0 ? focusCard(-1) : setCloser(Math.max(closer - 1, 0))),
    },
    { keys: ["Enter"], label: "look closer", run: () => focusCard(0) },
    { keys: ["b"], label: "blink: swap the two maps", run: swap },
    { keys: ["+", "="], label: "more of the maps", repeats: true, run: () => fade(0.1) },
    { keys: ["-"], label: "more of the picture", repeats: true, run: () => fade(-0.1) },
    { keys: ["p"], label: "pause or go on live", run: () => setPaused((now) => !now) },
    {
      keys: ["Escape"],
      label: "back",
      run: () => (closer < 0 ? (location.hash = `#/rankings/${defender}`) : setCloser(-1)),
    },
  ]);
  return html`
    <${PageHead} title=${`Rankings: ${name}`} actions=${html`<a class="button"
      href=${`#/rankings/${defender}`}>All rankings <kbd>Esc</kbd></a>`}>
      <strong>${matrix.target}</strong> against <strong>
        ${competitor}</strong>, where ${defender === "target" ? "the target" : "the competitor"} sees the class.
    <//>
    <${Tools} matrix=${matrix} defender=${defender} competitor=${competitor} name=${name} look=${look}
      setLook=${setLook} swap=${swap}
      live=${live && !paused} paused=${paused} pause=${() => setPaused((now) => !now)} />
    <${ImagesFilter} images=${images} choose=${choose} />
    <p class="hidden" role="status">${fresh.size ? `${plural(fresh.size, "new image")} came in` : ""}</p>
    <${Loaded} load=${load} what="The ranking" lines=${4} tall=${true}>
      ${(/** @type {any} */ value) =>
        value.entries.length
          ? html`<ol class="cards">
                ${value.entries.map(
                  (
                    /** @type {any} */ entry,
                    /** @type {number} */ index,
                  ) => html`<${Card} key=${entry.image_id} entry=${entry} target=${matrix.target}
                    competitor=${competitor}
                  look=${look} fresh=${fresh.has(entry.image_id)} open=${() => setCloser(index)} />`,
                )}
              </ol>
              ${value.next_page_token && html`<p class="more"><button type="button" onClick=${more}>Show more</button>
                </p>`}`
          : html`<${Empty} title="No image is in this ranking">
            <p>${isAll(images) ? "None that both have seen meets the bounds on the class’s area." : "None of this source and time."}</p><//>`}
    <//>
    ${
      closer >= 0 &&
      shown > 0 &&
      html`<${Closer} entry=${load.value.entries[Math.min(closer, shown - 1)]} target=${matrix.target}
        competitor=${competitor} look=${look}
      swap=${swap} step=${(/** @type {number} */ by) => setCloser(Math.min(Math.max(closer + by, 0), shown - 1))}
        close=${() => setCloser(-1)} />`
    }
  `;
}

/** Entries, and of further ones those that are new. @param {any[]} entries @param {any[]} further */
function joined(entries, further) {
  const known = new Set(entries.map((entry) => entry.image_id));
  return [...entries, ...further.filter((entry) => !known.has(entry.image_id))];
}

/** Moves the focus over the cards. @param {number} by */
function focusCard(by) {
  const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".card-open")]);
  const at = cards.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const card = cards[at < 0 ? 0 : Math.min(Math.max(at + by, 0), cards.length - 1)];
  card?.focus({ preventScroll: true });
  card?.closest("li")?.scrollIntoView({ block: "nearest" });
}

/** @param {any} props */
function Tools({ matrix, defender, competitor, name, look, setLook, swap, live, paused, pause }) {
  const go = (/** @type {string} */ side, /** @type {string} */ rival, /** @type {string} */ thing) =>
    (location.hash = addressOf(side, rival, thing));
  const names = (/** @type {string} */ field) => [
    ...new Set(matrix.cells.map((/** @type {any} */ cell) => cell[field])),
  ];
  return html`<div class="tools" role="toolbar" aria-label="What is shown">
    <label class="inline">Class <select value=${name}
      onChange=${(/** @type {any} */ event) => go(defender, competitor, event.target.value)}>
      ${names("class_name").map((item) => html`<option key=${item} value=${item}>${item}</option>`)}
    </select></label>
    <label class="inline">Competitor <select value=${competitor}
      onChange=${(/** @type {any} */ event) => go(defender, event.target.value, name)}>
      ${names("competitor").map((item) => html`<option key=${item} value=${item}>${item}</option>`)}
    </select></label>
    <${Switch} label="Whose map says that the class is there" value=${defender} choices=${DEFENDERS}
      choose=${(/** @type {string} */ side) => go(side, competitor, name)} />
    <label class="inline">Picture <input type="range" min="0" max="100" value=${Math.round(100 * look.opacity)}
      aria-label="Blend of picture and map"
      onInput=${(/** @type {any} */ event) => setLook({ ...look, opacity: event.target.value / 100 })} /> Map</label>
    <button type="button" aria-pressed=${look.swapped ? "true" : "false"} onClick=${swap}>Swap the maps <kbd>B</kbd>
      </button>
    <span class="tools-live">
      <${Chip} kind=${live ? "good" : "idle"}>${live ? "live" : paused ? "paused" : "not live"}<//>
      <button type="button" class="small" aria-pressed=${paused ? "true" : "false"} onClick=${pause}>Pause</button>
    </span>
  </div>`;
}

/** @param {{entry: any, target: string, competitor: string, look: Look, fresh: boolean, open: () => void}} props */
function Card({ entry, target, competitor, look, fresh, open }) {
  return html`<li class=${fresh ? "card fresh" : "card"}>
    <${Panels} entry=${entry} target=${target} competitor=${competitor} look=${look} />
    <div class="card-facts">
      <p class="card-rank"><strong>No. ${entry.rank}</strong> ${number(entry.discrepancy, 3)} <span
        class="quiet">discrepancy</span></p>
      <p class="quiet">${percent(entry.area_share, 1)} of the image · ${entry.source} · ${moment(entry.captured_at)}${
        entry.near_duplicates.length ? ` · ${plural(entry.near_duplicates.length, "near-duplicate")}` : ""
      }</p>
    </div>
    <button type="button" class="card-open"
      aria-label=${`Look closer at number ${entry.rank}, discrepancy ${number(entry.discrepancy, 3)}`} onClick=${open}>
        </button>
  </li>`;
}

/** Picture, both maps and their difference. @param {{entry: any, target: string, competitor: string, look: Look}} props */
export function Panels({ entry, target, competitor, look }) {
  const [first, second] = look.swapped ? [competitor, target] : [target, competitor];
  const image = entry.image_id;
  return html`<div class="panels">
    <figure><${Layers} image=${image} label="The picture" /><figcaption>Picture</figcaption></figure>
    <figure><${Layers} image=${image} version=${first} opacity=${look.opacity} label=${`Label map of ${first}`} />
      <figcaption>${first}</figcaption></figure>
    <figure><${Layers} image=${image} version=${second} opacity=${look.opacity} label=${`Label map of ${second}`} />
      <figcaption>${second}</figcaption></figure>
    <figure class="difference"><${Layers} image=${image} version=${target} other=${competitor}
      label="Where the two maps differ" /><figcaption>Difference</figcaption></figure>
  </div>`;
}
