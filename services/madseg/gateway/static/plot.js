// @ts-check
/** What all plots do alike: they keep to the width of their place and to the theme, and say what the pointer is on. */

import uPlot from "/static/lib/uplot.js";
import { colourOf, onTheme } from "/static/theme.js";
import { useEffect, useRef, useState } from "/static/view.js";

/**
 * A plot of `of`, whose `columns` are its xs and then each line's ys. `options` are uPlot's, in the colours of the
 * place; another `shape` makes the plot anew, as one of other lines.
 * @template T
 * @param {{of: T, columns: (of: T) => (number | null)[][], options: (holder: HTMLElement, of: T) => any,
 *   height: number, shape?: string}} given
 * @returns {{place: any, seen: number | null}} where it is to stand, and the index that the pointer is on
 */
export function usePlot({ of, columns, options, height, shape = "" }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const now = useRef(of);
  now.current = of;
  const [seen, setSeen] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    const holder = /** @type {HTMLDivElement} */ (place.current);
    const make = () => {
      plot.current?.destroy();
      const all = {
        width: holder.clientWidth,
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        hooks: { setCursor: [(/** @type {any} */ made) => setSeen(made.cursor.idx ?? null)] },
        ...options(holder, now.current),
      };
      plot.current = new uPlot(all, columns(now.current), holder);
    };
    make();
    const watch = new ResizeObserver(() => plot.current.setSize({ width: holder.clientWidth, height }));
    watch.observe(holder);
    const end = onTheme(make);
    return () => {
      watch.disconnect();
      end();
      plot.current.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(columns(of)), [of]);
  return { place, seen };
}

/** An axis in the colours of the place. @param {HTMLElement} holder */
export function axisOf(holder) {
  const [quiet, rule] = ["--quiet", "--rule"].map((token) => colourOf(holder, token));
  return {
    stroke: quiet,
    grid: { stroke: rule, width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
}
