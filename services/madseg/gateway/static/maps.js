// @ts-check
/** Pictures and label maps: fetched once, decoded, and painted as fill, outline or difference. */

import { octets } from "/static/api.js";
import { decode } from "/static/codec.js";

/** @typedef {import("/static/codec.js").LabelMap} LabelMap */
/**
 * "solid" covers the picture, background and all; "fill" lets it shine through; "outline" draws borders alone.
 * @typedef {"solid" | "fill" | "outline"} Style
 */

const VOID = 255;
/** Label maps that are kept decoded; each has a few kilobytes. */
const KEPT = 400;
/** Opacity of a fill, so that the picture shines through. */
const FILLED = 0.62;
/** Thickness of an outline, in pixels of the grid. */
const THICKNESS = 2;

/** @type {Map<string, Promise<LabelMap>>} */
const maps = new Map();

/** The address of a picture. @param {string} image @param {"canonical" | "original"} [kind] */
export function pictureOf(image, kind = "canonical") {
  return `/v1/images/${image}/picture?kind=${kind}`;
}

/** What a version said of an image. @param {string} image @param {string} version `name/3` @returns {Promise<LabelMap>} */
export function mapOf(image, version) {
  return mapAt(`/api/images/${image}/maps/${version}`);
}

/** The label map at an address. @param {string} address @returns {Promise<LabelMap>} */
export function mapAt(address) {
  let found = maps.get(address);
  if (!found) {
    found = octets(address).then(({ bytes }) => decode(bytes));
    found.catch(() => maps.delete(address));
    maps.set(address, found);
    if (maps.size > KEPT) maps.delete(/** @type {string} */ (maps.keys().next().value));
  }
  return found;
}

/** Labels of a map with their shares of what isn't void, the largest first. @param {LabelMap} map @returns {[number, number][]} */
export function shares(map) {
  const areas = new Map();
  let start = 0;
  map.ends.forEach((end, run) => {
    const label = map.labels[run];
    if (label !== VOID) areas.set(label, (areas.get(label) ?? 0) + end - start);
    start = end;
  });
  const all = Math.max(
    1,
    [...areas.values()].reduce((sum, area) => sum + area, 0),
  );
  return [...areas]
    .map(([label, area]) => /** @type {[number, number]} */ ([label, area / all]))
    .sort((a, b) => b[1] - a[1]);
}

/** 256 colours as 32 bits, A B G R; void and what isn't known are clear. @param {{label: number, colour: string}[]} classes */
export function palette(classes, opacity = 1) {
  const colours = new Uint32Array(256);
  for (const { label, colour } of classes) {
    const rgb = parseInt(colour.slice(1), 16);
    const [red, green, blue] = [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
    colours[label] = ((Math.round(255 * opacity) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return colours;
}

/**
 * A map as a picture on its own grid. But for "solid", the background stays clear.
 * @param {LabelMap} map @param {import("/static/session.js").Taxonomy} taxonomy @param {Style} style
 */
export function painted(map, { classes, background }, style) {
  const shown = classes.filter((item) => item.label !== background);
  const image = new ImageData(map.width, map.height);
  const pixels = new Uint32Array(image.data.buffer);
  if (style === "solid") return fill(map, palette(classes), pixels, image);
  if (style === "fill") return fill(map, palette(shown, FILLED), pixels, image);
  return outline(map, palette(shown.map(bright)), pixels, image);
}

/**
 * Where two maps differ, in one colour; what either leaves void counts as no difference.
 * @param {LabelMap} map @param {LabelMap} other @param {string} colour
 */
export function difference(map, other, colour) {
  const image = new ImageData(map.width, map.height);
  const pixels = new Uint32Array(image.data.buffer);
  const mark = palette([{ label: 0, colour }], 0.85)[0];
  let [here, there, at] = [0, 0, 0];
  while (here < map.ends.length && there < other.ends.length) {
    const end = Math.min(map.ends[here], other.ends[there]);
    const [one, two] = [map.labels[here], other.labels[there]];
    if (one !== two && one !== VOID && two !== VOID) pixels.fill(mark, at, end);
    at = end;
    if (map.ends[here] === end) here += 1;
    if (other.ends[there] === end) there += 1;
  }
  return image;
}

/** @param {LabelMap} map @param {Uint32Array} colours @param {Uint32Array} pixels @param {ImageData} image */
function fill(map, colours, pixels, image) {
  let start = 0;
  map.ends.forEach((end, run) => {
    const colour = colours[map.labels[run]];
    if (colour) pixels.fill(colour, start, end);
    start = end;
  });
  return image;
}

/** The inner borders of what isn't background. @param {LabelMap} map @param {Uint32Array} colours @param {Uint32Array} pixels @param {ImageData} image */
function outline(map, colours, pixels, image) {
  const { width, height } = map;
  const labels = new Uint8Array(width * height);
  let start = 0;
  map.ends.forEach((end, run) => {
    labels.fill(map.labels[run], start, end);
    start = end;
  });
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const colour = colours[labels[at]];
      if (colour && onBorder(labels, at, x, y, width, height)) pixels[at] = colour;
    }
  }
  return image;
}

/** @param {Uint8Array} labels @param {number} at @param {number} x @param {number} y @param {number} width @param {number} height */
function onBorder(labels, at, x, y, width, height) {
  const label = labels[at];
  for (let step = 1; step <= THICKNESS; step += 1) {
    if (x >= step && labels[at - step] !== label) return true;
    if (x + step < width && labels[at + step] !== label) return true;
    if (y >= step && labels[at - step * width] !== label) return true;
    if (y + step < height && labels[at + step * width] !== label) return true;
  }
  return false;
}

/** A dark colour is lifted, so that its line is seen on a picture. @param {{label: number, colour: string}} item */
function bright(item) {
  const rgb = parseInt(item.colour.slice(1), 16);
  const parts = [rgb >> 16, (rgb >> 8) & 255, rgb & 255];
  const lift = 1.6 * Math.max(1, 130 / Math.max(1, ...parts));
  const lifted = parts.map((part) => Math.min(255, Math.round(Math.max(part, 24) * lift)));
  return { label: item.label, colour: `#${lifted.map((part) => part.toString(16).padStart(2, "0")).join("")}` };
}
