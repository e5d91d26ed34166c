// @ts-check
/** The table of all keys that are in force. */

import { Dialog } from "/static/elements.js";
import { inForce } from "/static/shortcuts.js";
import { html, useState } from "/static/view.js";

/** How some keys are written. @type {Record<string, string>} */
const SIGNS = {
  " ": "Space",
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
};

/** @param {{close: () => void}} props */
export function ShortcutDialog({ close }) {
  const [tables] = useState(inForce);
  return html`<${Dialog} title="Shortcuts" close=${close} class="shortcuts">
    <div class="shortcut-tables">
      ${tables.map(
        (table) => html`<section key=${table.title}>
          <h3>${table.title}</h3>
          <dl>
            ${table.lines.map((line) => html`<div key=${line.label}><dt>${keys(line)}</dt><dd>${line.label}</dd>
              </div>`)}
          </dl>
        </section>`,
      )}
    </div>
  <//>`;
}

/** @param {import("/static/shortcuts.js").Shortcut} line */
function keys(line) {
  const shown =
    line.shown ?? (SIGNS[line.keys[0]] || line.keys[0].replace("Mod+", "Ctrl ").replace("Shift+", "Shift "));
  return shown.split(" ").map((part) => html`<kbd>${part.length === 1 ? part.toUpperCase() : part}</kbd>`);
}
