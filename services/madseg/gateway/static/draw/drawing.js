// @ts-check
/**
 * A drawing session on one mask: what is picked, what a press, a drag and a release do, undo and redo.
 * Tells "pixels" when the mask changed, "edit" when an edit is complete, and "tools" when something else did.
 */

import { border } from "/static/draw/border.js";
import { fill } from "/static/draw/fill.js";
import { History } from "/static/draw/history.js";
import { guard } from "/static/draw/locks.js";
import { capsule, polygon } from "/static/draw/shapes.js";
import { timed } from "/static/draw/timing.js";
import { toolNamed } from "/static/draw/tools.js";

/** @typedef {import("/static/draw/mask.js").Mask} Mask */
/** @typedef {import("/static/draw/pointer.js").Spot} Spot */
/** @typedef {{x: number, y: number}} Pixel */

export const LARGEST_SIZE = 400;

export class Drawing extends EventTarget {
  tool = toolNamed("brush");
  /** Diameter of the brush in pixels. */
  size = 24;
  /** Width of the automatic void border in pixels. */
  band = 5;
  /** Whether a pen draws thinner when it is pressed less. */
  pressure = false;
  /** The one class that may be drawn over; null: any. @type {number | null} */
  only = null;
  /** Classes that may not be drawn over. @type {Set<number>} */
  locked = new Set();
  /** Corners of the polygon, or the ends of the line, that is being drawn. @type {Pixel[]} */
  corners = [];
  history = new History();
  /** @type {Pixel | null} */
  #last = null;

  /** @param {Mask} mask @param {(mask: Mask, at: Pixel, label: number) => boolean} pick fills the superpixel at a place @param {number} background */
  constructor(mask, pick, background) {
    super();
    this.mask = mask;
    this.pick = pick;
    this.background = background;
    /** The class that is picked: the first that isn't the background. */
    this.label = background === 0 ? 1 : 0;
  }

  /** Changes what is picked. @param {Partial<Pick<Drawing, "tool" | "label" | "size" | "band" | "pressure" | "only" | "locked">>} change */
  set(change) {
    if (change.tool && change.tool !== this.tool) this.corners = [];
    Object.assign(this, change);
    this.size = Math.min(Math.max(Math.round(this.size), 1), LARGEST_SIZE);
    this.band = Math.min(Math.max(Math.round(this.band), 1), 31);
    this.mask.guard = guard(this.only, this.locked);
    this.#tell("tools");
  }

  /** Larger or smaller by about a sixth. @param {1 | -1} way */
  resize(way) {
    this.set({ size: this.size + way * Math.max(1, Math.round(this.size / 6)) });
  }

  /** What the tool draws. */
  get ink() {
    const { label } = this.tool;
    return label === "background" ? this.background : (label ?? this.label);
  }

  /** @param {Spot} spot */
  press(spot) {
    const at = pixel(spot);
    const { way } = this.tool;
    if (way === "paint") this.#stroke(at, at, spot.pressure);
    else if (way === "line") this.#corners([at, at]);
    else if (way === "polygon") this.#corners([...this.corners, at]);
    else if (way === "fill") this.#once("fill", () => fill(this.mask, at.x, at.y, this.ink));
    else this.#once("pick", () => this.pick(this.mask, at, this.ink));
  }

  /** @param {Spot[]} spots */
  drag(spots) {
    const { way } = this.tool;
    if (way === "line" && this.corners.length) this.#corners([this.corners[0], pixel(spots[spots.length - 1])]);
    if (way !== "paint" || !this.#last) return;
    for (const spot of spots) this.#stroke(this.#last, pixel(spot), spot.pressure);
  }

  release() {
    if (this.tool.way === "line" && this.corners.length) this.#line();
    if (this.tool.way === "paint" && this.#last) this.#complete();
    this.#last = null;
  }

  /** Takes back what isn't complete: a stroke, a line, a corner set by the first of two fingers. */
  cancel() {
    this.mask.rollback();
    this.#last = null;
    this.corners = this.tool.way === "polygon" ? this.corners.slice(0, -1) : [];
    this.#tell("pixels");
    this.#tell("tools");
  }

  /** Removes the last corner. */
  unset() {
    this.#corners(this.corners.slice(0, -1));
  }

  /** Removes all corners. */
  drop() {
    this.#corners([]);
  }

  /** Fills the polygon that is being drawn. */
  close() {
    const { corners } = this;
    if (this.tool.way !== "polygon" || corners.length < 3) return;
    this.corners = [];
    this.#once("shape", () => {
      polygon(corners.map(({ x, y }) => [x, y]), (y, left, right) => this.mask.span(y, left, right, this.ink));
      return true;
    });
    this.#tell("tools");
  }

  /** Lays the automatic void border. */
  border() {
    border(this.mask, this.band);
    this.#complete();
  }

  /** Begins anew from other pixels; it can be undone. @param {Uint8Array} pixels */
  replace(pixels) {
    this.mask.replace(pixels);
    this.#complete();
  }

  undo() {
    if (this.#last) this.cancel();
    this.#step(this.history.undo(this.mask));
  }

  redo() {
    if (this.#last) this.cancel();
    this.#step(this.history.redo(this.mask));
  }

  /** Forgets all edits: the mask isn't the one they were made on. */
  forget() {
    this.history = new History();
    this.#tell("tools");
  }

  #line() {
    const [from, to] = this.corners;
    this.corners = [];
    this.#stroke(from, to, 1);
    this.#complete();
    this.#last = null;
    this.#tell("tools");
  }

  /** @param {Pixel} from @param {Pixel} to @param {number} pressure */
  #stroke(from, to, pressure) {
    const share = this.pressure ? 0.25 + 0.75 * pressure : 1;
    const label = this.ink;
    timed("stroke", () => {
      capsule(from.x, from.y, to.x, to.y, (this.size * share) / 2, (y, left, right) => this.mask.span(y, left, right, label));
      this.#tell("pixels");
    });
    this.#last = to;
  }

  /** An edit of one step. @param {"fill" | "shape" | "pick"} name @param {() => boolean} act whether anything was done */
  #once(name, act) {
    const done = timed(name, () => {
      const changed = act();
      if (changed) this.#tell("pixels");
      return changed;
    });
    if (done) this.#complete();
  }

  #complete() {
    this.history.push(this.mask.commit());
    this.#tell("pixels");
    this.#tell("edit");
    this.#tell("tools");
  }

  /** @param {boolean} stepped */
  #step(stepped) {
    if (!stepped) return;
    this.#tell("pixels");
    this.#tell("edit");
    this.#tell("tools");
  }

  /** @param {Pixel[]} corners */
  #corners(corners) {
    this.corners = corners;
    this.#tell("tools");
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

/** @param {Spot} spot @returns {Pixel} */
function pixel({ x, y }) {
  return { x: Math.floor(x), y: Math.floor(y) };
}

