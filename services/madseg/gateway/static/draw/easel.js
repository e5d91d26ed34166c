// @ts-check
/** All that drawing one task takes, put together: board, mask, tools, autosave, pointer and keyboard. */

import { VOID, decode, encode, fromDense, toDense } from "/static/codec.js";
import { Board } from "/static/draw/board.js";
import { areaColours, outlineColours } from "/static/draw/colours.js";
import { Cursor } from "/static/draw/cursor.js";
import { Drawing } from "/static/draw/drawing.js";
import { Labels } from "/static/draw/labels.js";
import { drawMarks } from "/static/draw/marks.js";
import { Mask } from "/static/draw/mask.js";
import { kept } from "/static/draw/outbox.js";
import { Picker } from "/static/draw/picker.js";
import { loadPicture } from "/static/draw/picture.js";
import { Pointers } from "/static/draw/pointer.js";
import { Saver } from "/static/draw/saver.js";
import { revisionOf } from "/static/draw/tasks.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */
/** @typedef {import("/static/session.js").Taxonomy} Taxonomy */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */

export class Easel extends EventTarget {
  /** Where the pointer is on the picture. @type {{x: number, y: number} | null} */
  hover = null;
  /** Where models disagree, and which of these places is looked at. @type {Box[]} */
  disagreements = [];
  place = -1;
  /** Whether picture and mask are there; before that there is nothing to draw on. */
  opened = false;
  #spaceHeld = false;
  #abort = new AbortController();

  /** @param {HTMLElement} host @param {Task} task @param {Taxonomy} taxonomy */
  constructor(host, task, taxonomy) {
    super();
    this.task = task;
    this.taxonomy = taxonomy;
    this.board = new Board(host, task.size, task.crop);
    this.mask = new Mask(blank(task, taxonomy.background), task.size.height, task.size.width, task.crop);
    this.labels = new Labels(this.mask, areaColours(taxonomy));
    this.board.layer("mask", this.labels);
    this.cursor = new Cursor(this.board);
    const picker = new Picker(this.board);
    this.drawing = new Drawing(this.mask, (mask, at, label) => picker.fill(mask, at, label), taxonomy.background);
    this.saver = new Saver(task.id, task.revision, () => encode(fromDense(this.mask.pixels, this.mask.height, this.mask.width)));
    this.pointers = new Pointers(this.board, this);
    this.#listen(host);
  }

  close() {
    this.#abort.abort();
    this.saver.close();
    this.pointers.close();
    this.board.close();
  }

  /** Shows picture and mask, and lets draw; false when nothing was drawn yet, so that a start must be picked. */
  async open() {
    const { task, board } = this;
    const showing = loadPicture(task.image_id, task.size, task.crop, this.#abort.signal).then((picture) => board.show(picture));
    const unsaved = await kept(task.id).catch(() => undefined);
    if (unsaved) {
      this.put(toDense(decode(unsaved.latest ?? unsaved.bytes)));
      this.saver.resume(unsaved);
    } else if (task.revision) this.put((await revisionOf(task.id, 0, this.#abort.signal)).pixels);
    await showing;
    this.opened = true;
    return Boolean(unsaved || task.revision);
  }

  /** Pixels that are saved already. @param {Uint8Array} pixels */
  put(pixels) {
    this.mask.rollback();
    this.mask.pixels.set(pixels);
    this.board.redraw();
  }

  /** @param {boolean} outlined */
  outline(outlined) {
    this.labels.colours = outlined ? outlineColours(this.taxonomy) : areaColours(this.taxonomy);
    this.board.outline(outlined);
  }

  /** Masks of T and the random lane are drawn by nobody's map; nor are second ones, or they would agree by it. */
  get startsEmpty() {
    return this.task.purpose !== "counterexample";
  }

  /** @param {Box[]} boxes the largest first */
  setDisagreements(boxes) {
    this.disagreements = boxes;
    this.place = -1;
    this.dispatchEvent(new Event("places"));
  }

  /** Goes to the next place where models disagree, the largest first; -1: there is none. */
  next() {
    if (!this.disagreements.length) return -1;
    this.place = (this.place + 1) % this.disagreements.length;
    const { left, top, width, height } = this.disagreements[this.place];
    this.board.camera.show(left, top, width, height);
    this.cursor.jump(left + width / 2, top + height / 2);
    this.board.redraw();
    this.dispatchEvent(new Event("places"));
    return this.place;
  }

  /** The label under the pointer or the cursor; -1: none. */
  under() {
    const at = this.cursor.active ? this.cursor : this.hover;
    return at ? this.mask.at(Math.floor(at.x), Math.floor(at.y)) : -1;
  }

  // What pointers do.

  /** @param {import("/static/draw/pointer.js").Spot} spot */
  press(spot) {
    if (this.opened) this.drawing.press(spot);
  }

  /** @param {import("/static/draw/pointer.js").Spot[]} spots */
  drag(spots) {
    this.drawing.drag(spots);
  }

  release() {
    this.drawing.release();
  }

  cancel() {
    this.drawing.cancel();
  }

  /** @param {import("/static/draw/pointer.js").Spot} spot */
  hovered(spot) {
    this.hover = spot;
    this.cursor.rest();
    this.marks();
  }

  panning() {
    return this.#spaceHeld && !this.cursor.active;
  }

  // What keys do on the board.

  /** @param {KeyboardEvent} event */
  keyDown(event) {
    if (!this.opened) return;
    if (this.cursor.moved(event)) {
      event.preventDefault();
      if (this.#spaceHeld) this.drawing.drag([{ ...this.#middle(), pressure: 1 }]);
      this.marks();
    } else if (event.key === " ") {
      event.preventDefault();
      if (!this.#spaceHeld && this.cursor.active) this.drawing.press({ ...this.#middle(), pressure: 1 });
      this.#spaceHeld = true;
    }
  }

  /** @param {KeyboardEvent} event */
  keyUp(event) {
    if (event.key !== " ") return;
    event.preventDefault();
    this.#spaceHeld = false;
    if (this.cursor.active) this.drawing.release();
  }

  marks() {
    const { drawing } = this;
    const size = drawing.tool.way === "paint" || drawing.tool.way === "line" ? drawing.size : 0;
    const box = this.disagreements[this.place] ?? null;
    const closed = drawing.tool.way === "polygon";
    drawMarks(this.board, { cursor: this.cursor, hover: this.hover, size, corners: drawing.corners, closed, box });
  }

  #middle() {
    return { x: this.cursor.x + 0.5, y: this.cursor.y + 0.5 };
  }

  /** @param {HTMLElement} host */
  #listen(host) {
    const { signal } = this.#abort;
    const { drawing, mask, board } = this;
    host.addEventListener("keydown", (event) => event.target === host && this.keyDown(event), { signal });
    host.addEventListener("keyup", (event) => this.keyUp(event), { signal });
    host.addEventListener("pointerleave", () => this.#away(), { signal });
    host.addEventListener("blur", () => (this.#spaceHeld = false), { signal });
    drawing.addEventListener("pixels", () => board.refresh("mask", mask.taken()));
    drawing.addEventListener("edit", () => this.saver.changed());
    drawing.addEventListener("tools", () => this.marks());
    board.addEventListener("drawn", () => this.marks());
  }

  #away() {
    this.hover = null;
    this.marks();
  }
}

/** Background inside the crop, void outside. @param {Task} task @param {number} background */
export function blank({ size, crop }, background) {
  const pixels = new Uint8Array(size.height * size.width).fill(VOID);
  for (let y = crop.top; y < crop.top + crop.height; y += 1) {
    pixels.fill(background, y * size.width + crop.left, y * size.width + crop.left + crop.width);
  }
  return pixels;
}
