// @ts-check
/** Flood fill, span by span: the pixels of one label that hang together (by their sides) get another label. */

/** @typedef {import("/static/draw/mask.js").Mask} Mask */

/**
 * After Heckbert's seed fill (Graphics Gems, 1990): each pixel is read once, four at a time where four are alike.
 * @param {Mask} mask @param {number} x @param {number} y @param {number} label
 * @returns {boolean} false where nothing is to do: outside the crop, the same label, or a guarded one
 */
export function fill(mask, x, y, label) {
  const old = mask.at(x, y);
  if (old < 0 || old === label || (mask.guard && !mask.guard[old])) return false;
  const { pixels, width, crop } = mask;
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length >> 2);
  // Rows to look at, each with the span [left, right) that was filled on the row before, and the way from there.
  const waiting = [y, x, x + 1, 1, y - 1, x, x + 1, -1];
  while (waiting.length) {
    const [row, left, right, way] = waiting.splice(-4);
    if (row < crop.top || row >= crop.bottom) continue;
    const line = row * width;
    const end = line + crop.right;
    let at = line + left;
    if (pixels[at] === old) while (at > line + crop.left && pixels[at - 1] === old) at -= 1;
    while (at < line + right) {
      if (pixels[at] !== old) {
        at += 1;
        continue;
      }
      const stop = runEnd(pixels, words, at, end, old);
      const [first, last] = [at - line, stop - line];
      mask.touch(row, first, last);
      pixels.fill(label, at, stop);
      waiting.push(row + way, first, last, way);
      if (first < left) waiting.push(row - way, first, left, -way);
      if (last > right) waiting.push(row - way, right, last, -way);
      at = stop;
    }
  }
  return true;
}

/** Where the run of a label ends that begins at `at`. @param {Uint8Array} pixels @param {Uint32Array} words the same, four by four @param {number} at @param {number} end @param {number} label */
function runEnd(pixels, words, at, end, label) {
  const four = (label * 0x01010101) >>> 0;
  while (at < end && at & 3 && pixels[at] === label) at += 1;
  if (!(at & 3)) {
    let word = at >> 2;
    const last = Math.min(end >> 2, words.length);
    while (word < last && words[word] === four) word += 1;
    at = word << 2;
  }
  while (at < end && pixels[at] === label) at += 1;
  return at;
}
