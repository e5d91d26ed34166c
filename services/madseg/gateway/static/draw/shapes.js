// @ts-check
/**
 * Shapes as spans of pixels. A pixel belongs to a shape when its centre does; centres have whole coordinates.
 * @typedef {(y: number, left: number, right: number) => void} Emit one row of a shape: [left, right)
 */

/** Guards against sums such as 2.9999999 where 3 is meant. */
const SLACK = 1e-9;

/**
 * All pixels at most `radius` from the way between two points: what a round brush leaves.
 * @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} radius @param {Emit} emit
 */
export function capsule(ax, ay, bx, by, radius, emit) {
  const top = Math.ceil(Math.min(ay, by) - radius - SLACK);
  const bottom = Math.floor(Math.max(ay, by) + radius + SLACK);
  for (let y = top; y <= bottom; y += 1) {
    let [left, right] = between(ax, ay, bx, by, radius, y);
    for (const [x, row] of [[ax, ay], [bx, by]]) {
      const square = radius * radius - (y - row) * (y - row);
      if (square < -SLACK) continue;
      const half = Math.sqrt(Math.max(square, 0));
      left = Math.min(left, x - half);
      right = Math.max(right, x + half);
    }
    const first = Math.ceil(left - SLACK);
    const last = Math.floor(right + SLACK);
    if (first <= last) emit(y, first, last + 1);
  }
}

/** What a row has of the straight part of a capsule, as [left, right]; nothing: left > right. @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} radius @param {number} y */
function between(ax, ay, bx, by, radius, y) {
  const dx = bx - ax;
  const dy = by - ay;
  const square = dx * dx + dy * dy;
  const nothing = [Infinity, -Infinity];
  if (square === 0) return nothing;
  const reach = radius * Math.sqrt(square);
  const off = (y - ay) * dx;
  const along = (y - ay) * dy;
  const across = dy === 0 ? (Math.abs(off) <= reach ? [-Infinity, Infinity] : nothing) : ordered((off - reach) / dy, (off + reach) / dy);
  const ends = dx === 0 ? (along >= 0 && along <= square ? [-Infinity, Infinity] : nothing) : ordered(-along / dx, (square - along) / dx);
  const left = Math.max(across[0], ends[0]);
  const right = Math.min(across[1], ends[1]);
  return left <= right ? [ax + left, ax + right] : nothing;
}

/** @param {number} one @param {number} other */
function ordered(one, other) {
  return one < other ? [one, other] : [other, one];
}

/**
 * A polygon by the even-odd rule, its border included.
 * @param {[number, number][]} corners whole coordinates @param {Emit} emit
 */
export function polygon(corners, emit) {
  const rows = corners.map(([, y]) => y);
  for (let y = Math.min(...rows); y <= Math.max(...rows); y += 1) {
    const crossings = corners
      .map((from, index) => crossing(from, corners[(index + 1) % corners.length], y))
      .filter((x) => x !== null)
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const [first, last] = [Math.ceil(crossings[i] - SLACK), Math.floor(crossings[i + 1] + SLACK)];
      if (first <= last) emit(y, first, last + 1);
    }
  }
  corners.forEach(([x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length];
    capsule(x, y, nextX, nextY, 0.5, emit);
  });
}

/** Where an edge meets a row; its upper end belongs to it, its lower end doesn't. @param {[number, number]} from @param {[number, number]} to @param {number} y @returns {number | null} */
function crossing([ax, ay], [bx, by], y) {
  if (ay <= y === by <= y) return null;
  return ax + ((y - ay) / (by - ay)) * (bx - ax);
}
