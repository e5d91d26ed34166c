// @ts-check
/** What stands around the images of a rating: notices, legend, grades, and thanks at the end. */

import { Empty, Swatch } from "/static/elements.js";
import { Example, GRADES } from "/static/score/anchors.js";
import { html, useEffect, useState } from "/static/view.js";
import { plural } from "/static/words.js";

/** @typedef {import("/static/score/rating.js").Rating} Rating */

/** @param {{rating: Rating}} props */
export function Notices({ rating }) {
  const { waiting, refused } = rating.queue;
  const late = useLate(waiting.length > 0, waiting[0]?.key);
  return html`<div class="notices">
    <div role="status">${late && html`<p class="notice busy">
      ${plural(waiting.length, "judgement")} kept here, to be sent when madseg is in reach.</p>`}</div>
    <div role="alert">
      ${rating.notice && html`<p class="notice">${rating.notice}</p>`}
      ${
        refused.length > 0 &&
        html`<p class="notice">
          ${plural(refused.length, "judgement wasn’t", "judgements weren’t")} taken: ${refused.at(-1)}
        <button type="button" class="small" onClick=${() => rating.queue.dismiss()}>All right</button></p>`
      }
    </div>
  </div>`;
}

/** Whether something has lasted for more than two seconds. @param {boolean} lasting @param {string | undefined} key */
function useLate(lasting, key) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!lasting) return undefined;
    const timer = setTimeout(() => setLate(true), 2000);
    return () => clearTimeout(timer);
  }, [lasting, key]);
  return late;
}

/** @param {{seen: any[], ready: boolean}} props */
export function Legend({ seen, ready }) {
  return html`<div class="seen-classes" aria-live="polite">
    <span class="hidden">${ready ? "Next image. The map shows:" : ""}</span>
    <ul class="legend" aria-label="Classes of the map">
      ${ready && !seen.length ? html`<li class="quiet">The map shows nothing but background.</li>` : ""}
      ${seen.map((one) => html`<li key=${one.label}><${Swatch} colour=${one.colour} />${one.name}</li>`)}
    </ul>
  </div>`;
}

/** @param {any} props */
export function Grades({ judge, veto, undo, rating, ready, aside }) {
  return html`<div class="grades">
    <div class="grade-buttons" role="group" aria-label="Grade of the map">
      ${GRADES.map(
        (anchor) => html`<button key=${anchor.grade} type="button" class="grade" disabled=${!ready}
          onClick=${(/** @type {MouseEvent} */ event) => {
            unfocus(event);
            judge({ grade: anchor.grade }, event);
          }}>
          <${Example} anchor=${anchor} />
          <span class="grade-words"><span class="grade-name"><kbd>${anchor.grade}</kbd> ${anchor.name}</span><small>
            ${anchor.words}</small></span>
        </button>`,
      )}
    </div>
    <div class="grade-other">
      <button type="button" disabled=${!aside} onClick=${(/** @type {MouseEvent} */ event) => {
        unfocus(event);
        judge({ abstention: true }, event);
      }}><kbd>U</kbd> Can’t judge</button>
      <button type="button" disabled=${!aside} onClick=${veto}><kbd>X</kbd> Veto</button>
      <button type="button" disabled=${!rating.undoable} onClick=${(/** @type {MouseEvent} */ event) => {
        unfocus(event);
        undo();
      }}><kbd>Z</kbd> Undo</button>
    </div>
  </div>`;
}

/** After a click of the mouse the space bar is for blinking, not for the button that was clicked. @param {MouseEvent} event */
function unfocus(event) {
  if (event.detail > 0) /** @type {HTMLElement} */ (event.currentTarget).blur();
}

/** @param {{rating: Rating}} props */
export function Finished({ rating }) {
  const { judged } = rating.counts;
  return html`<${Empty}
    title=${judged ? "That’s all for you now. Thank you!" : "There is nothing for you to score now"}>
    <p>${judged ? `You have judged ${plural(judged, "image")}.` : ""} ${rating.progress.left ? "Others are at the rest; some may come back to you." : ""}</p>
    <div class="actions centred"><button type="button" onClick=${() => rating.more()}>Look again</button>
      <button type="button" disabled=${!rating.undoable} onClick=${() => rating.undo()}>
        <kbd>Z</kbd> Undo the last</button></div>
  <//>`;
}
