// @ts-check
/** Colours of labels on a picture, as 32 bits, A B G R. */

import { VOID } from "/static/codec.js";

/** @typedef {import("/static/session.js").Taxonomy} Taxonomy */

/** VOC's cream. */
const VOID_COLOUR = 0xffc0e0e0;
/** The brightest part of an outline's colour has at least this, so that it is seen on a picture. */
const BRIGHT = 210;

/** Areas: classes in their colours, background clear. @param {Taxonomy} taxonomy */
export function areaColours(taxonomy) {
  return colours(taxonomy, (rgb) => rgb);
}

/** Outlines: dark colours are lifted. @param {Taxonomy} taxonomy */
export function outlineColours(taxonomy) {
  return colours(taxonomy, (rgb) => {
    const lifted = rgb.map((part) => Math.max(part, 20));
    const lift = Math.max(1, BRIGHT / Math.max(...lifted));
    return lifted.map((part) => Math.min(255, Math.round(part * lift)));
  });
}

/** One label in one colour; the others are clear. @param {number} label @param {string} colour `rgb(...)` */
export function oneColour(label, colour) {
  const found = new Uint32Array(256);
  found[label] = packed((colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
  return found;
}

/** @param {Taxonomy} taxonomy @param {(rgb: number[]) => number[]} turn */
function colours({ classes, background }, turn) {
  const found = new Uint32Array(256);
  for (const { label, colour } of classes) {
    const rgb = parseInt(colour.slice(1), 16);
    found[label] = packed(turn([rgb >> 16, (rgb >> 8) & 255, rgb & 255]));
  }
  found[VOID] = VOID_COLOUR;
  found[background] = 0;
  return found;
}

/** @param {number[]} rgb */
function packed([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
