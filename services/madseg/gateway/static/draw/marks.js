// @ts-check
/** Marks over picture and mask: the brush, what is being drawn, the cursor, where models disagree. */

/** @typedef {import("/static/draw/board.js").Board} Board */
/** @typedef {import("/static/draw/cursor.js").Cursor} Cursor */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */
/**
 * @typedef {object} Marked
 * @property {Cursor} cursor @property {{x: number, y: number} | null} [hover] place of the pointer on the picture
 * @property {number} [size] of the brush, in pixels of the picture @property {{x: number, y: number}[]} [corners]
 * @property {boolean} [closed] whether the corners are of a polygon @property {Box | null} [box]
 */

/** @param {Board} board @param {Marked} marked */
export function drawMarks(board, { cursor, hover = null, size = 0, corners = [], closed = false, box = null }) {
  const context = /** @type {CanvasRenderingContext2D} */ (board.marks.getContext("2d"));
  context.setTransform(board.ratio, 0, 0, board.ratio, 0, 0);
  context.clearRect(0, 0, board.camera.view.width, board.camera.view.height);
  if (box) twice(context, () => frame(context, board, box), [6, 4]);
  const at = cursor.active ? cursor : hover;
  if (corners.length) twice(context, () => way(context, board, at && closed ? [...corners, at] : corners));
  for (const corner of closed ? corners : []) twice(context, () => circle(context, board, corner, 3));
  if (at && size) twice(context, () => circle(context, board, at, (size * board.camera.scale) / 2));
  if (cursor.active) twice(context, () => cross(context, board, cursor));
}

/** A light line on a dark one is seen on any picture. @param {CanvasRenderingContext2D} context @param {() => void} path @param {number[]} [dashes] */
function twice(context, path, dashes = []) {
  context.beginPath();
  path();
  context.setLineDash([]);
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / .65)";
  context.stroke();
  context.setLineDash(dashes);
  context.lineWidth = 1.25;
  context.strokeStyle = "#fff";
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Board} board @param {{x: number, y: number}} at @param {number} radius */
function circle(context, board, at, radius) {
  const { x, y } = middle(board, at);
  context.arc(x, y, Math.max(radius, 1.5), 0, 2 * Math.PI);
}

/** @param {CanvasRenderingContext2D} context @param {Board} board @param {{x: number, y: number}} at */
function cross(context, board, at) {
  const { x, y } = middle(board, at);
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 4 * dx, y + 4 * dy);
    context.lineTo(x + 13 * dx, y + 13 * dy);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Board} board @param {{x: number, y: number}[]} corners */
function way(context, board, corners) {
  for (const corner of corners) {
    const { x, y } = middle(board, corner);
    context.lineTo(x, y);
  }
}

/** @param {CanvasRenderingContext2D} context @param {Board} board @param {Box} box */
function frame(context, board, { left, top, width, height }) {
  const { x, y } = board.camera.toScreen(left, top);
  context.rect(x - 2, y - 2, width * board.camera.scale + 4, height * board.camera.scale + 4);
}

/** @param {Board} board @param {{x: number, y: number}} at */
function middle(board, at) {
  return board.camera.toScreen(Math.floor(at.x) + 0.5, Math.floor(at.y) + 0.5);
}
