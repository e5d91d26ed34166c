// @ts-check
/** Picture and overlay, side by side; where there is room for one alone, the overlay, which blinks. */

import { html, useLayoutEffect, useRef } from "/static/view.js";

/**
 * @param {{item: import("/static/score/ahead.js").Item | null, style: "fill" | "outline", bare: boolean, blink: () => void,
 *   names: string[], shown: () => void}} props
 */
export function Viewing({ item, style, bare, blink, names, shown }) {
  const left = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const right = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const views = item?.views ?? null;
  useLayoutEffect(() => {
    if (!views) return;
    draw(left.current, views.picture);
    draw(right.current, views.picture, bare ? null : views[style]);
  }, [views, style, bare]);
  useLayoutEffect(() => {
    if (views) shown();
  }, [views]);
  const words = bare
    ? "The picture"
    : `The picture with the label map: ${names.join(", ") || "nothing but background"}`;
  return html`<div class=${views ? "viewing" : "viewing blank"}>
    <figure class="viewing-picture"><canvas ref=${left} role="img" aria-label="The picture"></canvas>
      <figcaption>Picture</figcaption></figure>
    <figure class="viewing-overlay">
      <canvas ref=${right} role="img" aria-label=${words} onPointerDown=${blink}></canvas>
      <figcaption>${bare ? "Picture (blink)" : "What the target sees"}</figcaption>
    </figure>
  </div>`;
}

/** @param {HTMLCanvasElement | null} canvas @param {ImageBitmap} picture @param {ImageBitmap | null} [overlay] */
function draw(canvas, picture, overlay) {
  if (!canvas) return;
  // Setting the size clears the canvas, which costs more than drawing over what is there.
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0);
  if (overlay) context.drawImage(overlay, 0, 0, picture.width, picture.height);
}
