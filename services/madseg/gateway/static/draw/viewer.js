// @ts-check
/** All that looking at a mask takes: picture, mask, a version's map, what differs, a pointer that pans and pins. */

import { VOID, toDense } from "/static/codec.js";
import { Board } from "/static/draw/board.js";
import { areaColours, oneColour, outlineColours } from "/static/draw/colours.js";
import { Cursor } from "/static/draw/cursor.js";
import { blank } from "/static/draw/easel.js";
import { Labels } from "/static/draw/labels.js";
import { drawMarks } from "/static/draw/marks.js";
import { loadPicture } from "/static/draw/picture.js";
import { Pointers } from "/static/draw/pointer.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */
/** @typedef {import("/static/session.js").Taxonomy} Taxonomy */
/** @typedef {import("/static/codec.js").LabelMap} LabelMap */
/** @typedef {{x: number, y: number}} Pixel */

/** Tells "pin" with the place in `pinned` when somebody points at one. */
export class Viewer extends EventTarget {
  /** @type {Pixel | null} */
  pinned = null;
  /** @type {Pixel | null} */
  hover = null;
  #spaceHeld = false;
  #abort = new AbortController();

  /** @param {HTMLElement} host @param {Task} task @param {Taxonomy} taxonomy @param {string} hot colour of what differs */
  constructor(host, task, taxonomy, hot) {
    super();
    this.task = task;
    this.taxonomy = taxonomy;
    this.board = new Board(host, task.size, task.crop);
    this.cursor = new Cursor(this.board);
    this.layers = {
      prediction: new Labels({ pixels: blank(task, taxonomy.background), ...task.size }, areaColours(taxonomy)),
      mask: new Labels({ pixels: blank(task, taxonomy.background), ...task.size }, areaColours(taxonomy)),
      differs: new Labels({ pixels: new Uint8Array(task.size.height * task.size.width), ...task.size }, oneColour(1, hot)),
    };
    for (const [name, labels] of Object.entries(this.layers)) this.board.layer(name, labels);
    this.pointers = new Pointers(this.board, this);
    this.#listen(host);
  }

  close() {
    this.#abort.abort();
    this.pointers.close();
    this.board.close();
  }

  async open() {
    this.board.show(await loadPicture(this.task.image_id, this.task.size, this.task.crop, this.#abort.signal));
  }

  /** @param {"prediction" | "mask"} layer @param {Uint8Array} pixels on the original's grid */
  put(layer, pixels) {
    this.layers[layer].source.pixels = pixels;
    this.board.redraw();
  }

  /** Marks where the mask differs from other pixels; null: nowhere. What either leaves void counts as no difference. @param {Uint8Array | null} other */
  compare(other) {
    const { pixels } = this.layers.mask.source;
    const found = new Uint8Array(pixels.length);
    if (other) {
      for (let at = 0; at < pixels.length; at += 1) {
        if (pixels[at] !== other[at] && pixels[at] !== VOID && other[at] !== VOID) found[at] = 1;
      }
    }
    this.layers.differs.source.pixels = found;
    this.board.redraw();
  }

  /** @param {boolean} outlined */
  outline(outlined) {
    const colours = outlined ? outlineColours(this.taxonomy) : areaColours(this.taxonomy);
    this.layers.mask.colours = colours;
    this.layers.prediction.colours = colours;
    this.board.outline(outlined);
  }

  /** Goes to a place. @param {Pixel} place */
  show({ x, y }) {
    this.board.camera.show(x - 60, y - 60, 120, 120);
    this.cursor.jump(x, y);
    this.board.redraw();
  }

  /** The label of the mask under the cursor; -1: none. */
  under() {
    return this.layers.mask.source.pixels[this.cursor.y * this.task.size.width + this.cursor.x] ?? -1;
  }

  /** @param {Pixel} place */
  pin({ x, y }) {
    const at = { x: Math.floor(x), y: Math.floor(y) };
    const { width, height } = this.task.size;
    if (at.x < 0 || at.y < 0 || at.x >= width || at.y >= height) return;
    this.pinned = at;
    this.dispatchEvent(new Event("pin"));
  }

  // What pointers do.

  /** @param {Pixel} spot */
  press(spot) {
    this.pin(spot);
  }

  drag() {}

  release() {}

  cancel() {}

  /** @param {Pixel} spot */
  hovered(spot) {
    this.hover = spot;
    this.cursor.rest();
    this.marks();
  }

  panning() {
    return this.#spaceHeld;
  }

  marks() {
    drawMarks(this.board, { cursor: this.cursor });
  }

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    if (event.key === " ") this.#spaceHeld = true;
    else if (event.key === "Enter") this.pin(this.cursor);
    else if (this.cursor.moved(event)) this.marks();
    else return;
    event.preventDefault();
  }

  /** @param {HTMLElement} host */
  #listen(host) {
    const { signal } = this.#abort;
    host.addEventListener("keydown", (event) => event.target === host && this.keyDown(event), { signal });
    host.addEventListener("keyup", (event) => event.key === " " && (this.#spaceHeld = false), { signal });
    host.addEventListener("blur", () => (this.#spaceHeld = false), { signal });
    this.board.addEventListener("drawn", () => this.marks());
  }
}

/** A map of the canonical grid on the original's: nearest pixel, void outside the crop. @param {LabelMap} map @param {Task} task */
export function onOriginal(map, { size, crop }) {
  const canonical = toDense(map);
  const pixels = new Uint8Array(size.height * size.width).fill(VOID);
  const columns = Int32Array.from({ length: crop.width }, (_, x) => Math.floor(((x + 0.5) * map.width) / crop.width));
  for (let y = 0; y < crop.height; y += 1) {
    const from = map.width * Math.floor(((y + 0.5) * map.height) / crop.height);
    const to = (crop.top + y) * size.width + crop.left;
    for (let x = 0; x < crop.width; x += 1) pixels[to + x] = canonical[from + columns[x]];
  }
  return pixels;
}
