// @ts-check
/** Tools, their sizes, and how the mask is seen. */

import { LARGEST_SIZE } from "/static/draw/drawing.js";
import { Sign } from "/static/draw/signs.js";
import { TOOLS } from "/static/draw/tools.js";
import { useEvents } from "/static/draw/watch.js";
import { html } from "/static/view.js";

/** @typedef {import("/static/draw/drawing.js").Drawing} Drawing */

/** @param {{drawing: Drawing}} props */
export function Toolbar({ drawing }) {
  useEvents(drawing, "tools");
  const { past, future } = drawing.history;
  return html`<div class="toolbar" role="group" aria-label="Tools">
    ${TOOLS.map(
      (tool) => html`<button key=${tool.name} type="button" class="plain" aria-pressed=${drawing.tool === tool} aria-label=${tool.words}
        title=${`${tool.words} (${tool.key.toUpperCase()})`} onClick=${() => drawing.set({ tool })}><${Sign} name=${tool.sign} /></button>`,
    )}
    <span class="gap"></span>
    <button type="button" class="plain" aria-label="Undo" title="Undo (Ctrl Z)" disabled=${!past.length} onClick=${() => drawing.undo()}><${Sign} name="undo" /></button>
    <button type="button" class="plain" aria-label="Redo" title="Redo (Ctrl Shift Z)" disabled=${!future.length} onClick=${() => drawing.redo()}><${Sign} name="redo" /></button>
  </div>`;
}

/** @param {{drawing: Drawing}} props */
export function Sizes({ drawing }) {
  useEvents(drawing, "tools");
  const number = (/** @type {any} */ event) => Number(event.target.value);
  return html`<section class="sizes" aria-label="Sizes">
    <label class="slider" title="Smaller ([), larger (])"><span>Brush</span>
      <input type="range" aria-label="Brush size" min="1" max=${LARGEST_SIZE} value=${drawing.size} onInput=${(/** @type {any} */ event) => drawing.set({ size: number(event) })} />
      <output>${drawing.size} px</output>
    </label>
    <div class="slider"><span>Void border</span>
      <input type="range" aria-label="Width of the void border" min="1" max="31" value=${drawing.band} onInput=${(/** @type {any} */ event) => drawing.set({ band: number(event) })} />
      <output>${drawing.band} px</output>
    </div>
    <div class="row">
      <button type="button" class="small" title="A void band between all classes, as in VOC (T)" onClick=${() => drawing.border()}>Lay void border</button>
      <label class="inline"><input type="checkbox" checked=${drawing.pressure} onChange=${(/** @type {any} */ event) => drawing.set({ pressure: event.target.checked })} /> Pen pressure</label>
    </div>
  </section>`;
}

/**
 * @typedef {{opacity: number, outlined: boolean, hidden: boolean}} Look how the mask is seen
 * @param {{look: Look, change: (look: Partial<Look>) => void, zoom: (factor: number) => void, fit: () => void}} props
 */
export function LookBar({ look, change, zoom, fit }) {
  return html`<div class="lookbar" role="group" aria-label="View">
    <label class="slider"><span>Mask</span>
      <input type="range" aria-label="Blend of picture and mask" min="0" max="100" value=${Math.round(100 * look.opacity)}
        onInput=${(/** @type {any} */ event) => change({ opacity: Number(event.target.value) / 100 })} />
    </label>
    <button type="button" class="small" aria-pressed=${look.outlined} title="Outlines (O)" onClick=${() => change({ outlined: !look.outlined })}>Outlines</button>
    <button type="button" class="small" aria-pressed=${look.hidden} title="Picture alone (Q)" onClick=${() => change({ hidden: !look.hidden })}>Blink</button>
    <span class="zooms">
      <button type="button" class="small" aria-label="Zoom out" title="Zoom out (−)" onClick=${() => zoom(1 / 1.5)}>−</button>
      <button type="button" class="small" title="All of the picture (W)" onClick=${fit}>Fit</button>
      <button type="button" class="small" aria-label="Zoom in" title="Zoom in (+)" onClick=${() => zoom(1.5)}>+</button>
    </span>
  </div>`;
}
