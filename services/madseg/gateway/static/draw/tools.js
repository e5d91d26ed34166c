// @ts-check
/** The tools: their keys, what they are for, and whether they paint, click or set corners. */

import { VOID } from "/static/codec.js";

/**
 * @typedef {object} Tool
 * @property {string} name @property {string} key @property {string} words @property {string} sign
 * @property {"paint" | "line" | "polygon" | "fill" | "pick"} way how it is used
 * @property {number | "background"} [label] what it always draws; else the class that is picked
 */

/** @type {Tool[]} */
export const TOOLS = [
  { name: "brush", key: "b", words: "Brush", sign: "brush", way: "paint" },
  { name: "eraser", key: "e", words: "Eraser, to background", sign: "eraser", way: "paint", label: "background" },
  { name: "polygon", key: "p", words: "Polygon", sign: "polygon", way: "polygon" },
  { name: "line", key: "l", words: "Line", sign: "line", way: "line" },
  { name: "fill", key: "f", words: "Fill", sign: "fill", way: "fill" },
  { name: "pick", key: "k", words: "Superpixel pick", sign: "pick", way: "pick" },
  { name: "void", key: "v", words: "Void brush", sign: "void", way: "paint", label: VOID },
];

/** @param {string} name */
export function toolNamed(name) {
  return TOOLS.find((tool) => tool.name === name) ?? TOOLS[0];
}
