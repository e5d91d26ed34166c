// @ts-check
/** The superpixel pick: patches of what is in view, computed when one is first clicked and kept until the view moves. */

import { patch, superpixels } from "/static/draw/superpixels.js";

/** @typedef {import("/static/draw/board.js").Board} Board */
/** @typedef {import("/static/draw/mask.js").Mask} Mask */

/** Pixels of the longer side of what is computed: an eighth of a megapixel takes a few hundredths of a second. */
const SIDE = 400;

export class Picker {
  /** @type {{key: string, owner: Int32Array, width: number, height: number, part: any} | null} */
  #kept = null;

  /** @param {Board} board */
  constructor(board) {
    this.board = board;
  }

  /** Gives the patch around a place a label; false where there is none. @param {Mask} mask @param {{x: number, y: number}} at @param {number} label */
  fill(mask, at, label) {
    const found = this.#patches();
    if (!found || mask.at(at.x, at.y) < 0) return false;
    const { owner, width, height, part } = found;
    const column = Math.floor(((at.x - part.left) * width) / part.width);
    const row = Math.floor(((at.y - part.top) * height) / part.height);
    if (column < 0 || row < 0 || column >= width || row >= height) return false;
    const inside = patch(owner, width, column, row);
    for (let y = part.top; y < part.top + part.height; y += 1) {
      this.#row(mask, y, inside.subarray(width * Math.floor(((y - part.top) * height) / part.height)), found, label);
    }
    return true;
  }

  /** @param {Mask} mask @param {number} y @param {Uint8Array} inside from the start of the row on @param {{width: number, part: any}} found @param {number} label */
  #row(mask, y, inside, { width, part }, label) {
    const edge = (/** @type {number} */ column) => part.left + Math.ceil((column * part.width) / width);
    for (let column = 0; column < width; column += 1) {
      if (!inside[column]) continue;
      const start = column;
      while (column < width && inside[column]) column += 1;
      mask.span(y, edge(start), edge(column), label);
    }
  }

  #patches() {
    const { picture } = this.board;
    const { left, top, right, bottom } = this.board.seen();
    if (!picture || left >= right || top >= bottom) return null;
    const key = `${left} ${top} ${right} ${bottom}`;
    if (this.#kept?.key === key) return this.#kept;
    const part = { left, top, width: right - left, height: bottom - top };
    const pixels = picture.pixels(part, SIDE);
    this.#kept = { key, owner: superpixels(pixels), width: pixels.width, height: pixels.height, part };
    return this.#kept;
  }
}
