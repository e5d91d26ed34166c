// @ts-check
/** The picture under the mask: the original, in halves for when it is seen from afar. */

import { pictureOf } from "/static/maps.js";

/** @typedef {{width: number, height: number}} Size */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */

export class Picture {
  /** @param {ImageBitmap[]} levels each half of the one before @param {Box} place on the original's grid */
  constructor(levels, place) {
    this.levels = levels;
    this.place = place;
  }

  /** The smallest level that isn't blurred at a scale. @param {number} scale screen pixels to a pixel of the original */
  level(scale) {
    const wanted = this.place.width * scale;
    return [...this.levels].reverse().find((level) => level.width >= wanted) ?? this.levels[0];
  }

  /** A part of the picture at most `side` pixels wide and high, as bytes. @param {Box} part @param {number} side */
  pixels(part, side) {
    const scale = Math.min(1, side / part.width, side / part.height);
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(part.width * scale)), Math.max(1, Math.round(part.height * scale)));
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    context.setTransform(scale, 0, 0, scale, -part.left * scale, -part.top * scale);
    context.drawImage(this.level(scale), this.place.left, this.place.top, this.place.width, this.place.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }
}

/**
 * The original; where the browser can't show its format, what the models saw of it.
 * @param {string} image @param {Size} size @param {Box} crop @param {AbortSignal} [signal]
 */
export async function loadPicture(image, size, crop, signal) {
  const whole = { left: 0, top: 0, width: size.width, height: size.height };
  try {
    return new Picture(await levels(pictureOf(image, "original"), signal), whole);
  } catch (error) {
    if (signal?.aborted) throw error;
    return new Picture(await levels(pictureOf(image, "canonical"), signal), crop);
  }
}

/** @param {string} address @param {AbortSignal} [signal] */
async function levels(address, signal) {
  const answer = await fetch(address, { signal });
  if (!answer.ok) throw new Error(`the picture couldn’t be loaded: the server answered ${answer.status}`);
  const found = [await createImageBitmap(await answer.blob())];
  while (found[found.length - 1].width > 1024) {
    const { width, height } = found[found.length - 1];
    const half = { resizeWidth: Math.ceil(width / 2), resizeHeight: Math.ceil(height / 2) };
    found.push(await createImageBitmap(found[found.length - 1], { ...half, resizeQuality: "medium" }));
  }
  return found;
}
