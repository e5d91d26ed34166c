// @ts-check
/** Where the cursor is, said to those who don't see it. */

import { useEvents } from "/static/draw/watch.js";
import { html } from "/static/view.js";

/** @param {{easel: {cursor: import("/static/draw/cursor.js").Cursor & EventTarget, under: () => number}, classes: {label: number, name: string}[], ready?: boolean}} props */
export function CursorWords({ easel, classes, ready = true }) {
  useEvents(easel.cursor, "moved");
  const { x, y, active } = easel.cursor;
  const under = easel.under();
  const name = classes.find((item) => item.label === under)?.name ?? "void";
  if (!ready) return html`<p id="cursor-words" class="cursor-words" role="status">Loading the mask…</p>`;
  const words = active ? `Column ${x}, row ${y}: ${name}` : "Arrow keys move a cursor.";
  return html`<p id="cursor-words" class=${active ? "cursor-words" : "hidden"} aria-live="polite">${words}</p>`;
}
