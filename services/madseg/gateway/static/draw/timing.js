// @ts-check
/** How long what a person waits for takes: `performance.measure` entries, which `make bench` reads. */

/** Entries that are kept; the page may be open all day. */
const KEPT = 2000;
let count = 0;

/** @template T @param {"stroke" | "fill" | "shape" | "pick"} name @param {() => T} act @returns {T} */
export function timed(name, act) {
  const start = performance.now();
  const result = act();
  performance.measure(name, { start });
  count += 1;
  if (count % KEPT === 0) performance.clearMeasures(name);
  return result;
}
