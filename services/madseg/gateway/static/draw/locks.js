// @ts-check
/** What may be drawn over: "only within" one class, and "not over" others. */

/**
 * @param {number | null} only the one label that may be drawn over; null: any @param {Iterable<number>} locked labels that may not
 * @returns {Uint8Array | null} 1 for each label that may be drawn over; null: all may
 */
export function guard(only, locked) {
  const shut = [...locked];
  if (only === null && shut.length === 0) return null;
  const free = new Uint8Array(256).fill(only === null ? 1 : 0);
  if (only !== null) free[only] = 1;
  for (const label of shut) free[label] = 0;
  return free;
}
