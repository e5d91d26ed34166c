// @ts-check
/** A picture with a label map, or the difference of two, on top; painted once it comes into view. */

import { difference, mapAt, mapOf, painted, pictureOf } from "/static/maps.js";
import { useSession } from "/static/session.js";
import { colourOf, onTheme } from "/static/theme.js";
import { html, useEffect, useRef, useState } from "/static/view.js";

/**
 * @typedef {object} LayersProps
 * @property {string} image
 * @property {string} label what one sees, for those who don't
 * @property {string} [version] whose map lies on the picture; neither this nor `mask`: the picture alone
 * @property {string} [mask] address of a label map that lies on it instead
 * @property {string} [other] a second version: the difference of the two lies on the picture
 * @property {import("/static/maps.js").Style} [style]
 * @property {number} [opacity] of the map, 0..1
 */

/** @param {LayersProps} props */
export function Layers({ image, label, version, mask, other, style = "solid", opacity = 1 }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const { taxonomy } = useSession();
  const [seen, setSeen] = useState(false);
  const [problem, setProblem] = useState("");
  useEffect(() => whenNear(/** @type {HTMLElement} */ (frame.current), () => setSeen(true)), []);
  useEffect(() => {
    if (!seen || !(version || mask)) return undefined;
    let current = true;
    const wanted = [mask ? mapAt(mask) : mapOf(image, version ?? "")];
    if (other) wanted.push(mapOf(image, other));
    const draw = () =>
      Promise.all(wanted).then(
        ([map, second]) =>
          current &&
          put(
            canvas.current,
            second ? difference(map, second, hot(frame.current)) : painted(map, taxonomy, style),
          ),
        (error) => current && setProblem(error.message),
      );
    setProblem("");
    draw();
    const end = other ? onTheme(draw) : () => undefined;
    return () => {
      current = false;
      end();
    };
  }, [seen, image, version, mask, other, style]);
  return html`<span ref=${frame} class="frame" role="img" aria-label=${label}>
    ${seen && html`<img src=${pictureOf(image)} alt="" decoding="async"
      onError=${() => setProblem("The picture couldn’t be loaded.")} />`}
    ${(version || mask) && html`<canvas ref=${canvas} class=${style} style=${{ opacity }}></canvas>`}
    ${problem && html`<span class="frame-problem">${problem}</span>`}
  </span>`;
}

/** @param {HTMLCanvasElement | null} canvas @param {ImageData} pixels */
function put(canvas, pixels) {
  if (!canvas) return;
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
}

/** The colour of a difference as `#rrggbb`. @param {HTMLElement | null} place */
function hot(place) {
  const parts = place ? (colourOf(place, "--differs").match(/\d+/g) ?? []) : [];
  return `#${parts
    .slice(0, 3)
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")}`;
}

/** Calls `near` once, when an element is in view or close to it. @param {HTMLElement} element @param {() => void} near */
function whenNear(element, near) {
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      near();
    },
    { rootMargin: "400px" },
  );
  watch.observe(element);
  return () => watch.disconnect();
}
