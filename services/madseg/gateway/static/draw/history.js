// @ts-check
/** Undo and redo over the whole session: each edit is the tiles it changed, run-length coded once there is time. */

/** @typedef {import("/static/draw/mask.js").Mask} Mask */
/** @typedef {import("/static/draw/mask.js").Tiles} Tiles */
/** @typedef {{tiles: Map<number, Uint8Array>, packed: boolean, bytes: number, size: Map<number, number>}} Entry */

/** Bytes that the edits may take: thousands of strokes. Beyond it the oldest are forgotten. */
const LIMIT = 96 * 2 ** 20;

export class History {
  constructor(limit = LIMIT) {
    this.limit = limit;
    /** @type {Entry[]} */
    this.past = [];
    /** @type {Entry[]} */
    this.future = [];
  }

  /** Remembers an edit; what was undone before it is gone. @param {Tiles} edit */
  push(edit) {
    if (edit.size === 0) return;
    this.future = [];
    this.past.push(entry(edit));
    soon(() => this.tidy());
  }

  /** @param {Mask} mask @returns {boolean} whether there was an edit to take back */
  undo(mask) {
    soon(() => this.tidy());
    return step(mask, this.past, this.future);
  }

  /** @param {Mask} mask @returns {boolean} */
  redo(mask) {
    soon(() => this.tidy());
    return step(mask, this.future, this.past);
  }

  /** Bytes that the edits take. */
  get bytes() {
    return [...this.past, ...this.future].reduce((sum, item) => sum + item.bytes, 0);
  }

  /** Packs what isn't packed yet, and forgets the oldest edits beyond the limit. */
  tidy() {
    for (const item of [...this.past, ...this.future]) pack(item);
    while (this.past.length > 1 && this.bytes > this.limit) this.past.shift();
  }
}

/** @param {Mask} mask @param {Entry[]} from @param {Entry[]} to */
function step(mask, from, to) {
  const item = from.pop();
  if (!item) return false;
  to.push(entry(mask.swap(contents(item))));
  return true;
}

/** @param {Tiles} tiles @returns {Entry} */
function entry(tiles) {
  const size = new Map([...tiles].map(([index, content]) => [index, content.length]));
  return { tiles, packed: false, bytes: [...size.values()].reduce((sum, length) => sum + length, 0), size };
}

/** @param {Entry} item */
function pack(item) {
  if (item.packed) return;
  item.packed = true;
  item.bytes = 0;
  for (const [index, content] of item.tiles) {
    const runs = squeeze(content);
    if (runs.length < content.length) item.tiles.set(index, runs);
    item.bytes += Math.min(runs.length, content.length);
  }
}

/** @param {Entry} item @returns {Tiles} */
function contents(item) {
  if (!item.packed) return item.tiles;
  const full = ([index, kept]) => [index, expand(kept, item.size.get(index) ?? 0)];
  return new Map([...item.tiles].map(/** @type {any} */ (full)));
}

/** Label and length - 1 in two bytes, run after run. @param {Uint8Array} content */
export function squeeze(content) {
  const runs = [];
  for (let start = 0, at = 1; at <= content.length; at += 1) {
    if (at < content.length && content[at] === content[start]) continue;
    runs.push(content[start], (at - start - 1) & 255, (at - start - 1) >> 8);
    start = at;
  }
  return Uint8Array.from(runs);
}

/** @param {Uint8Array} kept @param {number} size */
export function expand(kept, size) {
  if (kept.length === size) return kept;
  const content = new Uint8Array(size);
  let start = 0;
  for (let at = 0; at < kept.length; at += 3) {
    const end = start + kept[at + 1] + (kept[at + 2] << 8) + 1;
    content.fill(kept[at], start, end);
    start = end;
  }
  return content;
}

/** @param {() => void} act */
function soon(act) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 200);
}
