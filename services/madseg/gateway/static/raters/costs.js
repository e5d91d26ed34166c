// @ts-check
/** Hours of people's work: this way, and if all of M were drawn. */

import { Bar } from "/static/elements.js";
import { html } from "/static/view.js";
import { number, percent } from "/static/words.js";

/** @param {{agreement: any}} props */
export function Costs({ agreement }) {
  const { hours_scoring: scoring, hours_masks: masks, hours_all_masks: all } = agreement;
  const most = Math.max(all, scoring + masks, 0.01);
  const saved = all > 0 ? 1 - (scoring + masks) / all : 0;
  return html`<div class="sheet costs">
    <div class="cost"><span>This way</span>
      <span class="track"><${Bar} share=${scoring / most} class="square" />
        <${Bar} share=${masks / most} class="square second" /></span>
      <strong>${number(scoring + masks, 1)} h</strong></div>
    <div class="cost"><span>Masks for all of M</span><span class="track">
      <${Bar} share=${all / most} class="square rest" /></span><strong>${number(all, 1)} h</strong></div>
    <ul class="legend">
      <li><span class="swatch cost-scoring" aria-hidden="true"></span>scoring so far ${number(scoring, 1)} h</li>
      <li><span class="swatch cost-masks" aria-hidden="true"></span>masks for S ${number(masks, 1)} h</li>
      ${saved > 0 && html`<li class="quiet">${percent(saved)} less work than drawing them all</li>`}
    </ul>
  </div>`;
}
