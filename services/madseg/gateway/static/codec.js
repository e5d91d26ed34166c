// @ts-check
/**
 * Label maps as runs, and their wire form: what `madseg.core.label_map` is in Python.
 *
 * Version 1: `0x01 height width (label length)*`. Height, width and lengths are unsigned LEB128 in their shortest
 * form, a label is one byte. Runs follow raster order; neighbours have different labels, no length is 0 and the
 * lengths add up to height * width, so equal label maps are equal bytes.
 * Both codecs are tested with the vectors of tests/vectors/label_map.json.
 */

/** @typedef {{height: number, width: number, labels: Uint8Array, ends: Int32Array}} LabelMap run i covers [ends[i-1], ends[i]) */

export const FORMAT_VERSION = 1;

/** The label of pixels that count for nothing. */
export const VOID = 255;

/** Largest height * width that a label map may claim: 16,384 x 16,384. */
export const MAX_PIXELS = 2 ** 28;

const MIDDLE = "it ends in the middle of a run";
const LENGTH = "a length is not in its shortest form or longer than 5 bytes";

/** The bytes are not exactly one label map in its one valid form. */
export class InvalidLabelMap extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "InvalidLabelMap";
  }
}

/** The label map of a wire form. @param {Uint8Array} bytes @returns {LabelMap} @throws {InvalidLabelMap} */
export function decode(bytes) {
  if (bytes[0] !== FORMAT_VERSION) {
    const found = bytes.length ? `format version ${bytes[0]}` : "no bytes";
    throw new InvalidLabelMap(`a label map must have format version ${FORMAT_VERSION}, got ${found}`);
  }
  const reader = new Reader(bytes);
  const height = reader.number();
  const width = reader.number();
  if (!height || !width || height > Math.floor(MAX_PIXELS / width)) reader.refuse("its height or width is 0 or too large");
  return reader.runs(height, width);
}

/** The wire form of a label map: about 2.3 bytes a run. @param {LabelMap} map */
export function encode({ height, width, labels, ends }) {
  const buffer = new Uint8Array(11 + 6 * labels.length);
  buffer[0] = FORMAT_VERSION;
  let at = put(width, buffer, put(height, buffer, 1));
  let start = 0;
  for (let run = 0; run < labels.length; run += 1) {
    buffer[at] = labels[run];
    at = put(ends[run] - start, buffer, at + 1);
    start = ends[run];
  }
  return buffer.slice(0, at);
}

/** One byte a pixel, row by row. @param {LabelMap} map */
export function toDense({ height, width, labels, ends }) {
  const pixels = new Uint8Array(height * width);
  let start = 0;
  for (let run = 0; run < labels.length; run += 1) {
    pixels.fill(labels[run], start, ends[run]);
    start = ends[run];
  }
  return pixels;
}

/** Run-length code of one byte a pixel. @param {Uint8Array} pixels @param {number} height @param {number} width @returns {LabelMap} */
export function fromDense(pixels, height, width) {
  if (pixels.length !== height * width || !pixels.length || pixels.length > MAX_PIXELS) {
    throw new InvalidLabelMap(`a label map must have 1..${MAX_PIXELS} pixels, got ${pixels.length} for ${height} x ${width}`);
  }
  let runs = 1;
  for (let at = 1; at < pixels.length; at += 1) if (pixels[at] !== pixels[at - 1]) runs += 1;
  const labels = new Uint8Array(runs);
  const ends = new Int32Array(runs);
  let run = 0;
  for (let at = 1; at < pixels.length; at += 1) {
    if (pixels[at] === pixels[at - 1]) continue;
    labels[run] = pixels[at - 1];
    ends[run] = at;
    run += 1;
  }
  labels[run] = pixels[pixels.length - 1];
  ends[run] = pixels.length;
  return { height, width, labels, ends };
}

/** @param {number} value @param {Uint8Array} buffer @param {number} at */
function put(value, buffer, at) {
  while (value >= 0x80) {
    buffer[at] = (value & 0x7f) | 0x80;
    value >>>= 7;
    at += 1;
  }
  buffer[at] = value;
  return at + 1;
}

/** Reads what follows the version byte. */
class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 1;
  }

  /** @param {string} problem @returns {never} */
  refuse(problem) {
    throw new InvalidLabelMap(`a label map of ${this.bytes.length} bytes is broken: ${problem}`);
  }

  /** One LEB128. It may have 35 bits, so this multiplies where others shift. */
  number() {
    let value = 0;
    for (let i = 0; i < 5; i += 1) {
      if (this.at >= this.bytes.length) this.refuse(MIDDLE);
      const byte = this.bytes[this.at];
      this.at += 1;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return byte === 0 && i > 0 ? this.refuse(LENGTH) : value;
    }
    return this.refuse(LENGTH);
  }

  /** @param {number} height @param {number} width @returns {LabelMap} */
  runs(height, width) {
    // Two bytes a run at the least, so this is never too small.
    const labels = new Uint8Array((this.bytes.length >> 1) + 1);
    const ends = new Int32Array(labels.length);
    let covered = 0;
    let count = 0;
    while (this.at < this.bytes.length) {
      const label = this.bytes[this.at];
      this.at += 1;
      const length = this.number();
      if (length === 0) this.refuse("a run has length 0");
      if (count > 0 && labels[count - 1] === label) this.refuse("two neighbouring runs have the same label");
      covered += length;
      if (covered > height * width) this.refuse("its runs cover more than height x width pixels");
      labels[count] = label;
      ends[count] = covered;
      count += 1;
    }
    if (covered < height * width) this.refuse("its runs cover fewer than height x width pixels");
    return { height, width, labels: labels.slice(0, count), ends: ends.slice(0, count) };
  }
}
