// @ts-check
/** A cursor for those who draw or review without a pointer: arrow keys move it, the view follows. */

/** @typedef {import("/static/draw/board.js").Board} Board */

/** Screen pixels of a step, and of a step with Shift. */
const STEP = 6;
const LEAP = 48;
/** Screen pixels to the edge of the view that the cursor keeps. */
const ROOM = 24;

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Cursor extends EventTarget {
  /** Whether the keys were used last, not the pointer. */
  active = false;

  /** @param {Board} board */
  constructor(board) {
    super();
    this.board = board;
    const { left, top, right, bottom } = board.crop;
    this.x = Math.floor((left + right) / 2);
    this.y = Math.floor((top + bottom) / 2);
  }

  /** Moves it by an arrow key; false for other keys. @param {KeyboardEvent} event */
  moved(event) {
    const way = WAYS[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return false;
    const { camera, crop } = this.board;
    const step = Math.max(1, Math.round((event.shiftKey ? LEAP : STEP) / camera.scale));
    this.x = Math.min(Math.max(this.x + way[0] * step, crop.left), crop.right - 1);
    this.y = Math.min(Math.max(this.y + way[1] * step, crop.top), crop.bottom - 1);
    this.active = true;
    this.follow();
    this.dispatchEvent(new Event("moved"));
    return true;
  }

  /** @param {number} x @param {number} y */
  jump(x, y) {
    this.x = Math.floor(x);
    this.y = Math.floor(y);
  }

  /** The pointer is used again. */
  rest() {
    if (!this.active) return;
    this.active = false;
    this.dispatchEvent(new Event("moved"));
  }

  follow() {
    const { camera } = this.board;
    const { x, y } = camera.toScreen(this.x + 0.5, this.y + 0.5);
    const dx = Math.max(0, ROOM - x) - Math.max(0, x - camera.view.width + ROOM);
    const dy = Math.max(0, ROOM - y) - Math.max(0, y - camera.view.height + ROOM);
    if (!dx && !dy) return;
    camera.pan(dx, dy);
    this.board.redraw();
  }
}
