// @ts-check
/** Lines over whole numbers, such as epochs. */

import { axisOf, usePlot } from "/static/plot.js";
import { colourOf } from "/static/theme.js";
import { html } from "/static/view.js";
import { number } from "/static/words.js";

const HEIGHT = 190;
const LINES = 6;

/** @typedef {{name: string, points: {x: number, y: number | null}[]}} Series */

/**
 * One line for each series; the words beside say what the pointer is on, or the last values.
 * @param {{label: string, unit: string, series: Series[], digits?: number, low?: number, high?: number,
 *   tiny?: boolean}} props `tiny`: values such as 1e-5
 */
export function Curve({ label, unit, series, digits = 3, low, high, tiny = false }) {
  const { place, seen } = usePlot({
    of: series,
    columns,
    options: (holder, given) => options(holder, given.length, { low, high, tiny }),
    height: HEIGHT,
    shape: series.map((item) => item.name).join(),
  });
  const all = columns(series);
  const at = Math.min(seen ?? all[0].length - 1, all[0].length - 1);
  const words = (/** @type {number | null | undefined} */ value) => valueWords(value, digits, tiny);
  return html`<figure class="chart curve sheet">
    <figcaption><span>${label}</span><small class="quiet">${unit} ${number(/** @type {number} */ (all[0][at]))}</small>
    </figcaption>
    <div ref=${place} role="img" aria-label=${`${label}: ${series
      .map((item) => `${item.name} ${words(item.points.at(-1)?.y)}`)
      .join(", ")} at the last of ${number(all[0].length)}`}></div>
    <ul class="legend">${series.map(
      (item, index) => html`<li key=${item.name}><span class=${`swatch line-${index % LINES}`} aria-hidden="true">
        </span>${item.name} <strong>${words(all[index + 1][at])}</strong></li>`,
    )}</ul>
  </figure>`;
}

/** @param {number | null | undefined} value @param {number} digits @param {boolean} tiny */
function valueWords(value, digits, tiny) {
  if (value === null || value === undefined) return "–";
  return tiny && value ? value.toExponential(1) : number(value, digits);
}

/** The xs of all series, then each one's values at them. @param {Series[]} series @returns {(number | null)[][]} */
function columns(series) {
  const xs = [...new Set(series.flatMap((item) => item.points.map((point) => point.x)))].sort((a, b) => a - b);
  return [
    xs,
    ...series.map((item) => {
      const known = new Map(item.points.map((point) => [point.x, point.y]));
      return xs.map((x) => known.get(x) ?? null);
    }),
  ];
}

/** @param {HTMLElement} holder @param {number} lines @param {any} given */
function options(holder, lines, { low, high, tiny }) {
  const axis = axisOf(holder);
  const range = (/** @type {any} */ _plot, /** @type {number} */ least, /** @type {number} */ most) => {
    const room = 0.08 * (most - least || Math.abs(most) || 1);
    return [low ?? Math.max(0, least - room), high ?? most + room];
  };
  return {
    padding: [10, 10, 0, 0],
    scales: { x: { time: false }, y: { range } },
    axes: [
      { ...axis, grid: { show: false }, size: 26, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
      {
        ...axis,
        size: 54,
        values: (/** @type {any} */ _plot, /** @type {number[]} */ splits) =>
          splits.map((value) => (tiny && value ? value.toExponential(0) : String(Number(value.toPrecision(4))))),
      },
    ],
    series: [
      {},
      ...Array.from({ length: lines }, (_, index) => ({
        stroke: colourOf(holder, `--line-${index % LINES}`),
        width: 2,
        spanGaps: true,
        points: { show: true, size: 5 },
      })),
    ],
  };
}
