// @ts-check
/** The automatic void border, as VOC has it: a band between classes that counts for neither. */

import { VOID } from "/static/codec.js";

/** @typedef {import("/static/draw/mask.js").Mask} Mask */

/**
 * Lays a band of `width` pixels over every border between two classes: half of it on either side, the odd pixel right and below.
 * Void has no border, so a second call changes nothing.
 * @param {Mask} mask @param {number} width
 */
export function border(mask, width) {
  const before = Math.floor(width / 2);
  const after = width - before;
  for (const [x, y, down] of steps(mask)) {
    // The window of a pixel reaches `after` back and `before` on; it gets the pixels whose window has both neighbours in it.
    const [left, top] = [x + (down ? 0 : 1) - before, y + (down ? 1 : 0) - before];
    for (let row = top; row <= y + after; row += 1) mask.span(row, left, x + after + 1, VOID);
  }
}

/** Pairs of neighbours of two classes: the left or upper one, and whether the other is below. @param {Mask} mask */
function steps({ pixels, width, crop }) {
  /** @type {[number, number, boolean][]} */
  const found = [];
  for (let y = crop.top; y < crop.bottom; y += 1) {
    for (let x = crop.left; x < crop.right; x += 1) {
      const label = pixels[y * width + x];
      if (label === VOID) continue;
      const right = x + 1 < crop.right ? pixels[y * width + x + 1] : VOID;
      const below = y + 1 < crop.bottom ? pixels[(y + 1) * width + x] : VOID;
      if (right !== label && right !== VOID) found.push([x, y, false]);
      if (below !== label && below !== VOID) found.push([x, y, true]);
    }
  }
  return found;
}
