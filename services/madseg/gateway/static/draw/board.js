// @ts-check
/** Canvases in a frame: the picture, layers of labels on it, and marks on top, all seen through one camera. */

import { Camera } from "/static/draw/camera.js";
import { grown, shared } from "/static/draw/labels.js";

/** @typedef {import("/static/draw/mask.js").Rect} Rect */
/** @typedef {import("/static/draw/picture.js").Picture} Picture */
/** @typedef {import("/static/draw/labels.js").Labels} Labels */
/** @typedef {{labels: Labels, canvas: HTMLCanvasElement, shown: boolean}} Layer */

/** More screen pixels than this to a CSS pixel cost time that nobody sees. */
const FINEST = 2;
/** Thickness of outlines in CSS pixels. */
const OUTLINE = 2;

export class Board extends EventTarget {
  /** @type {Picture | null} */
  picture = null;
  /** @type {Map<string, Layer>} */
  layers = new Map();
  outlined = false;
  #frame = 0;

  /**
   * @param {HTMLElement} host @param {{width: number, height: number}} size of the picture
   * @param {{left: number, top: number, width: number, height: number}} crop outside it nothing is labelled
   */
  constructor(host, size, crop) {
    super();
    this.host = host;
    this.size = size;
    /** @type {Rect} */
    this.crop = { left: crop.left, top: crop.top, right: crop.left + crop.width, bottom: crop.top + crop.height };
    this.camera = new Camera(size);
    this.ratio = Math.min(FINEST, devicePixelRatio || 1);
    this.ground = this.#canvas("ground");
    this.marks = this.#canvas("marks");
    this.watch = new ResizeObserver(() => this.#resized());
    this.watch.observe(host);
  }

  close() {
    this.watch.disconnect();
    cancelAnimationFrame(this.#frame);
    for (const canvas of this.host.querySelectorAll("canvas")) canvas.remove();
  }

  /** @param {Picture} picture */
  show(picture) {
    this.picture = picture;
    this.redraw();
  }

  /** Adds a layer under the marks. @param {string} name @param {Labels} labels */
  layer(name, labels) {
    const canvas = this.#canvas(name);
    this.host.insertBefore(canvas, this.marks);
    canvas.width = this.ground.width;
    canvas.height = this.ground.height;
    this.layers.set(name, { labels, canvas, shown: true });
    this.redraw();
  }

  /** How a layer is seen. @param {string} name @param {number} opacity 0..1 */
  blend(name, opacity) {
    const layer = this.layers.get(name);
    if (!layer) return;
    const shown = opacity > 0;
    if (shown && !layer.shown) this.redraw();
    layer.shown = shown;
    layer.canvas.style.opacity = String(opacity);
    layer.canvas.style.display = shown ? "" : "none";
  }

  /** Outlines instead of areas. @param {boolean} outlined */
  outline(outlined) {
    this.outlined = outlined;
    this.redraw();
  }

  /** Draws all anew in the next frame. */
  redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** Draws at once what changed in a layer. @param {string} name @param {Rect} box around the change */
  refresh(name, box) {
    const layer = this.layers.get(name);
    if (layer?.shown) this.#put(layer, grown(box, layer.labels.outline));
  }

  /** The part of the picture in view. @returns {Rect} */
  seen() {
    const { camera, size } = this;
    const start = camera.toPicture(0, 0);
    const end = camera.toPicture(camera.view.width, camera.view.height);
    const box = { left: Math.floor(start.x), top: Math.floor(start.y), right: Math.ceil(end.x), bottom: Math.ceil(end.y) };
    return shared(box, { left: 0, top: 0, right: size.width, bottom: size.height });
  }

  #draw() {
    const thickness = this.outlined ? Math.min(32, 2 ** Math.max(0, Math.round(Math.log2(OUTLINE / this.camera.scale)))) : 0;
    this.#drawPicture();
    for (const layer of this.layers.values()) {
      layer.labels.outline = thickness;
      layer.canvas.getContext("2d")?.clearRect(0, 0, layer.canvas.width, layer.canvas.height);
      if (layer.shown) this.#put(layer, this.crop);
    }
    this.dispatchEvent(new Event("drawn"));
  }

  /** @param {Layer} layer @param {Rect} part of the picture */
  #put({ labels, canvas }, part) {
    const shown = shared(shared(part, this.crop), this.seen());
    if (shown.left >= shown.right || shown.top >= shown.bottom) return;
    labels.paint(/** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), this.camera, this.ratio, shown);
  }

  #drawPicture() {
    const { camera, ratio, ground, picture } = this;
    const context = /** @type {CanvasRenderingContext2D} */ (ground.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, ground.width, ground.height);
    if (!picture) return;
    const scale = camera.scale * ratio;
    context.setTransform(scale, 0, 0, scale, camera.x * ratio, camera.y * ratio);
    context.imageSmoothingEnabled = scale < 2;
    context.drawImage(picture.level(scale), picture.place.left, picture.place.top, picture.place.width, picture.place.height);
    this.#shade(context);
  }

  /** Dims what the models don't see. @param {CanvasRenderingContext2D} context */
  #shade(context) {
    const { left, top, right, bottom } = this.crop;
    context.beginPath();
    context.rect(0, 0, this.size.width, this.size.height);
    context.rect(left, top, right - left, bottom - top);
    context.fillStyle = "rgb(0 0 0 / .6)";
    context.fill("evenodd");
  }

  /** @param {string} name */
  #canvas(name) {
    const canvas = document.createElement("canvas");
    canvas.className = name;
    canvas.setAttribute("aria-hidden", "true");
    this.host.append(canvas);
    return canvas;
  }

  #resized() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height) return;
    for (const canvas of this.host.querySelectorAll("canvas")) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.camera.resize(width, height);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#draw();
  }
}
