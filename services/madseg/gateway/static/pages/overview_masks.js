// @ts-check
/** The mask tasks by state, as one bar. */

import { Empty } from "/static/elements.js";
import { html } from "/static/view.js";
import { number } from "/static/words.js";

/** In the order in which a task goes through them; the number is that of a line colour. @type {[string, string, number][]} */
const STATES = [
  ["accepted", "accepted", 2],
  ["in_review", "in review", 0],
  ["submitted", "waiting for review", 3],
  ["drawing", "being drawn", 1],
  ["sent_back", "sent back", 4],
  ["waiting", "waiting", 5],
];

/** @param {{counts: Record<string, number>}} props */
export function MaskTasks({ counts }) {
  const shown = STATES.filter(([state]) => counts[state]);
  if (!shown.length)
    return html`<${Empty} title="No masks to draw yet"><p>Operators make the tasks once S is chosen.</p><//>`;
  const all = shown.reduce((sum, [state]) => sum + counts[state], 0);
  return html`<div class="sheet masks">
    <div class="stack" role="img" aria-label=${shown.map(([state, words]) => `${counts[state]} ${words}`).join(", ")}>
      ${shown.map(([state, , line]) => html`<span key=${state} class=${`fill-${line}`}
        style=${{ flexGrow: counts[state] / all }}></span>`)}
    </div>
    <ul class="legend">
      ${shown.map(([state, words, line]) => html`<li key=${state}><span class=${`swatch fill-${line}`}
        aria-hidden="true"></span>${words} <strong>${number(counts[state])}</strong></li>`)}
    </ul>
  </div>`;
}
