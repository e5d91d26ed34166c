// @ts-check
/** A line over time. */

import uPlot from "/static/lib/uplot.js";
import { colourOf, onTheme } from "/static/theme.js";
import { html, useEffect, useRef, useState } from "/static/view.js";
import { number } from "/static/words.js";

const HEIGHT = 220;

/**
 * Values over time; the words beside it say what the pointer is on, or the last value.
 * @param {{points: {at: string, value: number}[], label: string, unit: string}} props
 */
export function TimeChart({ points, label, unit }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const [seen, setSeen] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    const holder = /** @type {HTMLDivElement} */ (place.current);
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(holder, unit, setSeen), columns(points), holder);
    };
    make();
    const watch = new ResizeObserver(() => plot.current.setSize({ width: holder.clientWidth, height: HEIGHT }));
    watch.observe(holder);
    const end = onTheme(make);
    return () => {
      watch.disconnect();
      end();
      plot.current.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(columns(points)), [points]);
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

/** @param {HTMLElement} holder @param {string} unit @param {(index: number | null) => void} seen */
function options(holder, unit, seen) {
  const [line, quiet, rule] = ["--accent", "--quiet", "--rule"].map((token) => colourOf(holder, token));
  const axis = {
    stroke: quiet,
    grid: { stroke: rule, width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  return {
    width: holder.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [10, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
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
    hooks: { setCursor: [(/** @type {any} */ plot) => seen(plot.cursor.idx ?? null)] },
  };
}

/** @param {string} colour as `rgb(…)` */
function transparent(colour) {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.12)");
}
