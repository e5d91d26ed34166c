// @ts-check
/** One line per rater: how much, how strict, how steady. */

import { html } from "/static/view.js";
import { number, percent } from "/static/words.js";

/** Grades at which the bar of a bias is full. */
const FULL = 1;

/** @param {{raters: any[]}} props */
export function RaterTable({ raters }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of the raters">
    <table class="raters-table">
      <thead><tr>
        <th scope="col" class="text">Rater</th><th scope="col">Grades</th><th scope="col">Mean</th>
          <th scope="col" class="text">Bias</th><th scope="col">Inconsistency</th>
        <th scope="col">Agrees with self</th><th scope="col">Can’t judge</th><th scope="col">Vetoes</th>
          <th scope="col">Veto rate</th>
      </tr></thead>
      <tbody>
        ${raters.map(
          (item) => html`<tr key=${item.rater}>
            <th scope="row"><strong>${item.rater}</strong></th>
            <td>${number(item.grades)}</td>
            <td>${number(item.mean_grade, 2)}</td>
            <td class="text"><${Bias} value=${item.bias} /></td>
            <td>${number(item.inconsistency, 2)}</td>
            <td>${percent(item.self_agreement)}${item.repeats ? html`<small
              class="quiet">of ${number(item.repeats)}</small>` : ""}</td>
            <td>${number(item.abstentions)}</td>
            <td>${number(item.vetoes)}</td>
            <td>${percent(item.veto_rate, 1)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A bar to the left where the rater is strict, to the right where mild. @param {{value: number | null}} props */
function Bias({ value }) {
  if (value === null || value === undefined) return html`<span class="quiet">not known yet</span>`;
  const share = 50 * Math.min(Math.abs(value) / FULL, 1);
  const place = value < 0 ? { right: "50%", width: `${share}%` } : { left: "50%", width: `${share}%` };
  return html`<span class="bias"><span class="bias-track" aria-hidden="true"><span style=${place}></span></span>
    <span class="bias-value">${value > 0 ? "+" : "−"}${number(Math.abs(value), 2)}</span><small class="quiet">
      ${value < -0.05 ? "strict" : value > 0.05 ? "mild" : "even"}</small></span>`;
}
