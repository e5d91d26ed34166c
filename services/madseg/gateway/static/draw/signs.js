// @ts-check
/** Small drawings on buttons. */

import { html } from "/static/view.js";

/** @type {Record<string, string>} paths on 24 x 24 */
const PATHS = {
  brush: "M14 4.5 19.5 10 11 17.5 6.5 13ZM6 14.5C3.5 15 4.5 18.5 3 20c3 .5 6.5 0 7-3",
  eraser: "M9 19 3.5 13.5 13 4l7 7-8 8ZM8 9l7 7M9 19h11",
  polygon: "M5 8 13 4l7 7-4 9H7Z",
  line: "M5 19 19 5M3 19a2 2 0 1 0 4 0a2 2 0 1 0-4 0M17 5a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  fill: "M5 11 12 4l8 8-7 7ZM5 11h14M20 16c1.5 2 1.5 4 0 4s-1.5-2 0-4",
  pick: "M4 4h7v6l-3 3H4ZM11 4h9v8h-6l-3-2M8 13l3 2v5H4v-7M14 12v4l-3 4h9v-8",
  void: "M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16M6.5 6.5l11 11",
  undo: "M8 5 4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11h-3",
  redo: "M16 5l4 4-4 4M20 9H10a5.5 5.5 0 0 0 0 11h3",
  lock: "M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unlock: "M6 11h12v9H6ZM8.5 11V7a3.5 3.5 0 0 1 6.7-1.5",
};

/** @param {{name: string}} props */
export function Sign({ name }) {
  return html`<svg class="sign" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
