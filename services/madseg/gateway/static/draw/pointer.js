// @ts-check
/** Mouse, pen and fingers on a board: one draws; space, the middle button or two fingers pan; the wheel zooms. */

/** @typedef {import("/static/draw/board.js").Board} Board */
/** @typedef {{x: number, y: number, pressure: number}} Spot a place of the picture, with fractions; pressure 0..1, 1 but for pens */
/**
 * @typedef {object} Actions
 * @property {(spot: Spot) => void} press @property {(spots: Spot[]) => void} drag @property {() => void} release
 * @property {() => void} cancel @property {(spot: Spot) => void} hovered @property {() => boolean} panning
 */

/** How much a step of the wheel zooms. */
const WHEEL = 0.0018;

export class Pointers {
  /** @type {Map<number, {x: number, y: number}>} */
  fingers = new Map();
  /** @type {"draw" | "pan" | "pinch" | null} */
  doing = null;

  /** @param {Board} board @param {Actions} actions */
  constructor(board, actions) {
    this.board = board;
    this.actions = actions;
    const { host } = board;
    this.ends = [
      on(host, "pointerdown", (event) => this.down(event)),
      on(host, "pointerenter", (event) => this.enter(event)),
      on(host, "pointermove", (event) => this.move(event)),
      on(host, "pointerup", (event) => this.up(event)),
      on(host, "pointercancel", (event) => this.lost(event)),
      on(host, "wheel", (event) => this.wheel(event)),
      on(host, "contextmenu", (event) => event.preventDefault()),
    ];
  }

  close() {
    for (const end of this.ends) end();
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.target instanceof HTMLElement && event.target.closest("button")) return;
    const { host } = this.board;
    host.setPointerCapture(event.pointerId);
    host.focus({ preventScroll: true });
    this.fingers.set(event.pointerId, this.place(event));
    if (this.fingers.size === 2) this.pinch();
    else if (event.button === 1 || event.button === 2 || this.actions.panning()) this.doing = "pan";
    else if (event.button === 0) {
      this.doing = "draw";
      this.actions.press(this.spot(event));
    }
    event.preventDefault();
  }

  /** Takes the focus from a button that was clicked, so that space pans and doesn't click again. @param {PointerEvent} event */
  enter(event) {
    const away = document.activeElement instanceof HTMLButtonElement && !document.querySelector("dialog[open]");
    if (event.pointerType !== "touch" && away) this.board.host.focus({ preventScroll: true });
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.doing === "draw" && this.fingers.has(event.pointerId)) {
      const all = event.getCoalescedEvents?.() ?? [];
      this.actions.drag((all.length ? all : [event]).map((item) => this.spot(item)));
    } else if (this.doing) this.carry(event);
    this.actions.hovered(this.spot(event));
  }

  /** Pans by one pointer, pans and zooms by two. @param {PointerEvent} event */
  carry(event) {
    const before = middle(this.fingers);
    if (!this.fingers.has(event.pointerId)) return;
    this.fingers.set(event.pointerId, this.place(event));
    const after = middle(this.fingers);
    this.board.camera.pan(after.x - before.x, after.y - before.y);
    if (before.spread && after.spread) this.board.camera.zoom(after.spread / before.spread, after.x, after.y);
    this.board.redraw();
  }

  pinch() {
    if (this.doing === "draw") this.actions.cancel();
    this.doing = "pinch";
  }

  /** @param {PointerEvent} event */
  up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.doing === "draw") this.actions.release();
    if (this.fingers.size === 0) this.doing = null;
  }

  /** @param {PointerEvent} event */
  lost(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.doing === "draw") this.actions.cancel();
    if (this.fingers.size === 0) this.doing = null;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const { x, y } = this.place(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.board.camera.zoom(Math.exp(-event.deltaY * lines * WHEEL), x, y);
    this.board.redraw();
  }

  /** @param {MouseEvent} event in the frame, in CSS pixels */
  place(event) {
    const { left, top } = this.board.host.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {PointerEvent} event @returns {Spot} */
  spot(event) {
    const { x, y } = this.place(event);
    const pressure = event.pointerType === "pen" && event.pressure ? event.pressure : 1;
    return { ...this.board.camera.toPicture(x, y), pressure };
  }
}

/** @param {Map<number, {x: number, y: number}>} fingers */
function middle(fingers) {
  const [one, other = one] = [...fingers.values()];
  if (!one) return { x: 0, y: 0, spread: 0 };
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, spread: Math.hypot(one.x - other.x, one.y - other.y) };
}

/** @param {HTMLElement} host @param {string} name @param {(event: any) => void} heard */
function on(host, name, heard) {
  host.addEventListener(name, heard, { passive: false });
  return () => host.removeEventListener(name, heard);
}
