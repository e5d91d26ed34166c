// @ts-check
/** Keys: a component registers a table, the newest table wins, and `?` shows all that are in force. */

import { useEffect, useRef } from "/static/view.js";

/**
 * One line of a table. `keys` are `KeyboardEvent.key`s, with "Shift+" or "Mod+" (Ctrl or Cmd) where they matter,
 * or two of them with a space between, one after the other; the first is shown, unless `shown` says how.
 * A key that is held counts once, unless the line `repeats`.
 * @typedef {{keys: string[], label: string, run: (event: KeyboardEvent) => unknown, shown?: string, repeats?: boolean}} Shortcut
 */
/** @typedef {{title: string, lines: Shortcut[]}} Table */

/** Milliseconds within which the second key of a sequence counts. */
const SEQUENCE_MS = 1500;

/** @type {Table[]} */
const tables = [];

/**
 * Holds a table in force while the component is there. Keys typed into a field are the field's.
 * @param {string} title @param {Shortcut[]} lines @param {boolean} [active]
 */
export function useShortcuts(title, lines, active = true) {
  const table = useRef(/** @type {Table} */ ({ title, lines }));
  table.current.title = title;
  table.current.lines = lines;
  useEffect(() => {
    if (!active) return undefined;
    const mine = table.current;
    tables.push(mine);
    return () => void tables.splice(tables.indexOf(mine), 1);
  }, [active]);
}

/** The tables in force, the newest first. */
export function inForce() {
  return [...tables].reverse();
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const mod = event.ctrlKey || event.metaKey ? "Mod+" : "";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.shiftKey && (mod || event.key.length > 1) ? `${mod}Shift+${key}` : mod + key;
}

/** @param {EventTarget | null} target @param {KeyboardEvent} event */
function isForField(target, event) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  if (target instanceof HTMLInputElement) {
    if (/^(checkbox|radio|button)$/.test(target.type)) return event.key === " ";
    return target.type !== "range" || event.key.startsWith("Arrow");
  }
  return /^(BUTTON|A|SUMMARY)$/.test(target.tagName) && (event.key === "Enter" || event.key === " ");
}

/** The first key of a sequence such as "g o", and when it ends. */
let begun = { key: "", until: 0 };

/** @param {string} key */
function lineFor(key) {
  for (const table of inForce()) {
    const line = table.lines.find((item) => item.keys.includes(key));
    if (line) return line;
  }
  return undefined;
}

addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target instanceof HTMLButtonElement) event.preventDefault();
  if (event.altKey || event.defaultPrevented || isForField(event.target, event)) return;
  const open = document.querySelector("dialog[open]");
  if (open && !open.hasAttribute("data-keys")) return;
  const key = pressed(event);
  const line = (event.timeStamp < begun.until && lineFor(`${begun.key} ${key}`)) || lineFor(key);
  begun = { key, until: event.timeStamp + SEQUENCE_MS };
  if (!line) return;
  event.preventDefault();
  if (event.repeat && !line.repeats) return;
  line.run(event);
});
