// @ts-check
/** Whether the mask is saved, in words. */

import { useEvents } from "/static/draw/watch.js";
import { html } from "/static/view.js";

/** @type {Record<import("/static/draw/saver.js").State, [string, string]>} */
const WORDS = {
  saved: ["good", "Saved"],
  changed: ["idle", "Not saved yet"],
  saving: ["idle", "Saving…"],
  kept: ["busy", "Kept here, sent later"],
  stale: ["bad", "Saved elsewhere"],
  refused: ["bad", "Not taken"],
};

/** @param {{saver: import("/static/draw/saver.js").Saver}} props */
export function SaveState({ saver }) {
  useEvents(saver, "change");
  const [kind, words] = WORDS[saver.state];
  const title = saver.state === "saved" && !saver.revision ? "Nothing saved" : words;
  return html`<span class="save-state" role="status">
    <span class=${`chip ${kind}`}>${title}${saver.revision > 0 && html`<small>revision ${saver.revision}</small>`}</span>
    ${saver.state === "refused" && html`<span class="wrong">${saver.problem}</span>`}
  </span>`;
}
