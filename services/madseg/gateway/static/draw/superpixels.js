// @ts-check
/**
 * Superpixels of what is in view, by SLIC (Achanta et al., 2012) at reduced resolution: centres on a grid gather the
 * pixels that are near in place and colour. A click then takes the patch of pixels that hang together around it.
 */

/** Pixels between centres, on the reduced picture. */
const STEP = 12;
/** How much a step of place weighs against a step of colour. */
const COMPACT = 14;
const ROUNDS = 4;

/** @typedef {{width: number, height: number, data: Uint8ClampedArray}} Picture */

/** The centre (its number) of each pixel. @param {Picture} picture @returns {Int32Array} */
export function superpixels({ width, height, data }) {
  const [columns, rows] = [Math.max(1, Math.round(width / STEP)), Math.max(1, Math.round(height / STEP))];
  const centres = new Float32Array(5 * columns * rows);
  for (let index = 0; index < columns * rows; index += 1) {
    const x = Math.floor(((index % columns) + 0.5) * (width / columns));
    const y = Math.floor((Math.floor(index / columns) + 0.5) * (height / rows));
    const at = 4 * (y * width + x);
    centres.set([x, y, data[at], data[at + 1], data[at + 2]], 5 * index);
  }
  const owner = new Int32Array(width * height);
  for (let round = 0; round < ROUNDS; round += 1) {
    gather(width, height, data, centres, columns, rows, owner);
    centre(width, data, centres, owner);
  }
  return owner;
}

/** Gives each pixel to the nearest of the nine centres around it. @param {number} width @param {number} height @param {Uint8ClampedArray} data @param {Float32Array} centres @param {number} columns @param {number} rows @param {Int32Array} owner */
function gather(width, height, data, centres, columns, rows, owner) {
  const weight = (COMPACT / STEP) ** 2;
  for (let y = 0; y < height; y += 1) {
    const row = Math.min(rows - 1, Math.floor((y * rows) / height));
    for (let x = 0; x < width; x += 1) {
      const column = Math.min(columns - 1, Math.floor((x * columns) / width));
      const at = 4 * (y * width + x);
      let best = Infinity;
      for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r += 1) {
        for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c += 1) {
          const k = 5 * (r * columns + c);
          const [dx, dy] = [centres[k] - x, centres[k + 1] - y];
          const [red, green, blue] = [centres[k + 2] - data[at], centres[k + 3] - data[at + 1], centres[k + 4] - data[at + 2]];
          const cost = weight * (dx * dx + dy * dy) + red * red + green * green + blue * blue;
          if (cost < best) {
            best = cost;
            owner[y * width + x] = k / 5;
          }
        }
      }
    }
  }
}

/** Moves each centre into the middle of its pixels. @param {number} width @param {Uint8ClampedArray} data @param {Float32Array} centres @param {Int32Array} owner */
function centre(width, data, centres, owner) {
  const sums = new Float64Array(centres.length);
  const counts = new Int32Array(centres.length / 5);
  for (let at = 0; at < owner.length; at += 1) {
    const k = 5 * owner[at];
    sums[k] += at % width;
    sums[k + 1] += Math.floor(at / width);
    for (let channel = 0; channel < 3; channel += 1) sums[k + 2 + channel] += data[4 * at + channel];
    counts[owner[at]] += 1;
  }
  for (let k = 0; k < centres.length; k += 1) {
    const count = counts[Math.floor(k / 5)];
    if (count) centres[k] = sums[k] / count;
  }
}

/** The pixels around a place that have its number and hang together: 1 for each. @param {Int32Array} owner @param {number} width @param {number} x @param {number} y */
export function patch(owner, width, x, y) {
  const inside = new Uint8Array(owner.length);
  const number = owner[y * width + x];
  const waiting = [y * width + x];
  inside[waiting[0]] = 1;
  while (waiting.length) {
    const at = /** @type {number} */ (waiting.pop());
    const column = at % width;
    for (const next of [column > 0 ? at - 1 : -1, column + 1 < width ? at + 1 : -1, at - width, at + width]) {
      if (next < 0 || next >= owner.length || inside[next] || owner[next] !== number) continue;
      inside[next] = 1;
      waiting.push(next);
    }
  }
  return inside;
}
