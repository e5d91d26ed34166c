// @ts-check
/** The mask while it is drawn: one byte a pixel, in tiles that remember what was in them before an edit. */

/** Side of a tile in pixels: small enough to copy at a touch, large enough that 12 megapixels are 192 of them. */
export const TILE = 256;

/** @typedef {{left: number, top: number, right: number, bottom: number}} Rect right and bottom are outside */
/** @typedef {Map<number, Uint8Array>} Tiles contents by tile */

export class Mask {
  /**
   * @param {Uint8Array} pixels (height * width) labels, row by row; drawn into
   * @param {number} height @param {number} width
   * @param {{left: number, top: number, width: number, height: number}} crop nothing is drawn outside
   */
  constructor(pixels, height, width, crop) {
    this.pixels = pixels;
    this.height = height;
    this.width = width;
    /** @type {Rect} */
    this.crop = { left: crop.left, top: crop.top, right: crop.left + crop.width, bottom: crop.top + crop.height };
    this.columns = Math.ceil(width / TILE);
    this.tiles = this.columns * Math.ceil(height / TILE);
    /** Which labels may be drawn over. @type {Uint8Array | null} null: all */
    this.guard = null;
    /** Around what changed since `taken()`. @type {Rect} */
    this.box = nothing();
    /** @type {Tiles} */
    this.before = new Map();
    this.kept = new Uint8Array(this.tiles);
  }

  /** Gives the pixels [left, right) of a row a label, but for those outside the crop or guarded. @param {number} y @param {number} left @param {number} right @param {number} label */
  span(y, left, right, label) {
    const { crop, guard, pixels } = this;
    left = Math.max(left, crop.left);
    right = Math.min(right, crop.right);
    if (left >= right || y < crop.top || y >= crop.bottom) return;
    this.touch(y, left, right);
    const row = y * this.width;
    if (!guard) pixels.fill(label, row + left, row + right);
    else for (let at = row + left; at < row + right; at += 1) if (guard[pixels[at]]) pixels[at] = label;
  }

  /** The label of a pixel, or -1 outside the crop. @param {number} x @param {number} y */
  at(x, y) {
    const { crop } = this;
    const inside = x >= crop.left && x < crop.right && y >= crop.top && y < crop.bottom;
    return inside ? this.pixels[y * this.width + x] : -1;
  }

  /** Where a tile lies. @param {number} index @returns {Rect} */
  rect(index) {
    const left = (index % this.columns) * TILE;
    const top = Math.floor(index / this.columns) * TILE;
    return { left, top, right: Math.min(left + TILE, this.width), bottom: Math.min(top + TILE, this.height) };
  }

  /** Ends an edit: what the tiles it changed had in them before. @returns {Tiles} */
  commit() {
    const edit = this.before;
    for (const [index, before] of edit) if (this.same(index, before)) edit.delete(index);
    this.before = new Map();
    this.kept.fill(0);
    return edit;
  }

  /** Takes an edit back that isn't committed. */
  rollback() {
    for (const [index, before] of this.before) this.put(index, before);
    this.before = new Map();
    this.kept.fill(0);
  }

  /** Puts contents into tiles; returns what was there. @param {Tiles} tiles @returns {Tiles} */
  swap(tiles) {
    const previous = new Map();
    for (const [index, content] of tiles) {
      previous.set(index, this.copy(index));
      this.put(index, content);
    }
    return previous;
  }

  /** Every pixel anew, as one edit. @param {Uint8Array} pixels */
  replace(pixels) {
    for (let y = 0; y < this.height; y += 1) this.touch(y, 0, this.width);
    this.pixels.set(pixels);
  }

  /** The rectangle around what changed since the last call. */
  taken() {
    const { box } = this;
    this.box = nothing();
    return box;
  }

  /** Keeps what tiles have in them before they are written to. @param {number} y @param {number} left @param {number} right */
  touch(y, left, right) {
    const row = (y >> 8) * this.columns;
    for (let index = row + (left >> 8); index <= row + ((right - 1) >> 8); index += 1) {
      if (this.kept[index] === 0) {
        this.kept[index] = 1;
        this.before.set(index, this.copy(index));
      }
    }
    this.grow(left, y, right, y + 1);
  }

  /** @param {number} index */
  copy(index) {
    const { left, top, right, bottom } = this.rect(index);
    const content = new Uint8Array((right - left) * (bottom - top));
    for (let y = top; y < bottom; y += 1) {
      const row = y * this.width;
      content.set(this.pixels.subarray(row + left, row + right), (y - top) * (right - left));
    }
    return content;
  }

  /** @param {number} index @param {Uint8Array} content */
  put(index, content) {
    const { left, top, right, bottom } = this.rect(index);
    const width = right - left;
    for (let y = top; y < bottom; y += 1) {
      this.pixels.set(content.subarray((y - top) * width, (y - top + 1) * width), y * this.width + left);
    }
    this.grow(left, top, right, bottom);
  }

  /** @param {number} index @param {Uint8Array} content */
  same(index, content) {
    const { left, top, right, bottom } = this.rect(index);
    let at = 0;
    for (let y = top; y < bottom; y += 1) {
      for (let place = y * this.width + left; place < y * this.width + right; place += 1, at += 1) {
        if (this.pixels[place] !== content[at]) return false;
      }
    }
    return true;
  }

  /** @param {number} left @param {number} top @param {number} right @param {number} bottom */
  grow(left, top, right, bottom) {
    const { box } = this;
    if (left < box.left) box.left = left;
    if (top < box.top) box.top = top;
    if (right > box.right) box.right = right;
    if (bottom > box.bottom) box.bottom = bottom;
  }
}

/** @returns {Rect} */
function nothing() {
  return { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
}
