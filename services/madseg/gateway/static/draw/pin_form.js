// @ts-check
/** What is wrong in a place that was pointed at. */

import { TYPES, WORDS, act } from "/static/draw/tasks.js";
import { Dialog, advice } from "/static/elements.js";
import { html, useState } from "/static/view.js";

/** @param {{task: import("/static/draw/tasks.js").Task, revision: number, place: {x: number, y: number}, added: (finding: any) => void, close: () => void}} props */
export function PinForm({ task, revision, place, added, close }) {
  const [type, setType] = useState("missing");
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const add = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (type === "other" && !text.trim()) return setError("Say in words what is wrong.");
    const finding = { revision, place, type, text: text.trim() };
    return act(task.id, "findings", finding).then((answer) => added(answer.finding ?? answer), (problem) => setError(advice(problem)));
  };
  return html`<${Dialog} title="What is wrong here?" close=${close} class="narrow">
    <form class="fields" onSubmit=${add}>
      <p class="quiet">Column ${place.x}, row ${place.y}, revision ${revision}</p>
      <label class="field"><span>Type</span>
        <select value=${type} onChange=${(/** @type {any} */ event) => setType(event.target.value)}>
          ${TYPES.map((item) => html`<option key=${item} value=${item}>${WORDS[item]}</option>`)}
        </select>
      </label>
      <label class="field"><span>In words</span>
        <textarea rows="2" maxlength="1000" value=${text} aria-invalid=${error ? "true" : undefined} onInput=${(/** @type {any} */ event) => setText(event.target.value)}></textarea>
      </label>
      ${error && html`<p class="wrong" role="alert">${error}</p>`}
      <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button><button type="submit" class="primary">Pin</button></div>
    </form>
  <//>`;
}
