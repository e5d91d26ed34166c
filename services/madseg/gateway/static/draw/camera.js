// @ts-check
/** Where the picture lies on the screen: a scale, and the place of its left upper corner in CSS pixels. */

/** Screen pixels a picture pixel may have at most. */
const LARGEST = 48;
/** Pixels of the picture that can't be pushed out of view. */
const STAYS = 60;

export class Camera {
  scale = 1;
  x = 0;
  y = 0;
  view = { width: 1, height: 1 };
  /** Whether all of the picture is shown, until somebody zooms or pans. */
  fitted = true;

  /** @param {{width: number, height: number}} picture */
  constructor(picture) {
    this.picture = picture;
  }

  /** The scale at which all is in view. */
  get whole() {
    return Math.min(this.view.width / this.picture.width, this.view.height / this.picture.height);
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    this.view = { width, height };
    if (this.fitted) this.fit();
    else this.hold();
  }

  fit() {
    this.fitted = true;
    this.scale = this.whole;
    this.x = (this.view.width - this.scale * this.picture.width) / 2;
    this.y = (this.view.height - this.scale * this.picture.height) / 2;
  }

  /** What lies under a point of the screen stays there. @param {number} factor @param {number} [x] @param {number} [y] */
  zoom(factor, x = this.view.width / 2, y = this.view.height / 2) {
    const scale = Math.min(Math.max(this.scale * factor, this.whole / 2), LARGEST);
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
    this.hold();
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.hold();
  }

  /** Brings a rectangle of the picture into the middle, with room around it. @param {number} left @param {number} top @param {number} width @param {number} height */
  show(left, top, width, height) {
    const room = Math.min(this.view.width / width, this.view.height / height) / 2.2;
    this.scale = Math.min(Math.max(room, this.whole), 6);
    this.x = this.view.width / 2 - this.scale * (left + width / 2);
    this.y = this.view.height / 2 - this.scale * (top + height / 2);
    this.fitted = false;
    this.hold();
  }

  /** A place of the picture, in pixels with fractions. @param {number} x @param {number} y */
  toPicture(x, y) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  /** @param {number} x @param {number} y */
  toScreen(x, y) {
    return { x: this.x + x * this.scale, y: this.y + y * this.scale };
  }

  hold() {
    const { width, height } = this.picture;
    const [wide, high] = [width * this.scale, height * this.scale];
    this.x = Math.min(Math.max(this.x, STAYS - wide), this.view.width - STAYS);
    this.y = Math.min(Math.max(this.y, STAYS - high), this.view.height - STAYS);
  }
}
