// @ts-check
/** A line over time. */

import { axisOf, usePlot } from "/static/plot.js";
import { colourOf } from "/static/theme.js";
import { html } from "/static/view.js";
import { number } from "/static/words.js";

const HEIGHT = 220;

/**
 * Values over time; the words beside it say what the pointer is on, or the last value.
 * @param {{points: {at: string, value: number}[], label: string, unit: string}} props
 */
export function TimeChart({ points, label, unit }) {
  const { place, seen } = usePlot({ of: points, columns, options: (holder) => options(holder, unit), height: HEIGHT });
  const at = points[seen ?? points.length - 1];
  const most = Math.max(...points.map((point) => point.value));
  return html`<figure class="chart sheet">
    <figcaption>
      <span>${label}</span>
      <span class="chart-value">${number(at.value, 1)} ${unit}<small>${seen === null ? "now" : clock(at.at)}</small>
        </span>
    </figcaption>
    <div ref=${place} role="img"
      aria-label=${`${label}: ${number(points[points.length - 1].value, 1)} ${unit} now, ${number(most, 1)} at most in the last hour`}></div>
  </figure>`;
}

/** @param {{at: string, value: number}[]} points */
function columns(points) {
  return [points.map((point) => Date.parse(point.at) / 1000), points.map((point) => point.value)];
}

/** @param {string} iso */
function clock(iso) {
  return new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** @param {HTMLElement} holder @param {string} unit */
function options(holder, unit) {
  const line = colourOf(holder, "--accent");
  const axis = axisOf(holder);
  return {
    padding: [10, 8, 0, 0],
    scales: {
      y: {
        range: (/** @type {any} */ _plot, /** @type {number} */ _low, /** @type {number} */ high) => [
          0,
          Math.max(1, 1.15 * high),
        ],
      },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        incrs: [60, 120, 300, 600, 900, 1800, 3600],
        values: (/** @type {any} */ _plot, /** @type {number[]} */ splits) =>
          splits.map((at) => clock(new Date(1000 * at).toISOString())),
      },
      { ...axis, size: 44 },
    ],
    series: [{}, { label: unit, stroke: line, width: 2, fill: transparent(line), points: { show: false } }],
  };
}

/** @param {string} colour as `rgb(…)` */
function transparent(colour) {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.12)");
}
