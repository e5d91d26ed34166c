// @ts-check
/** Small pictures in a row, with a line of words under each. */

import { Layers } from "/static/layers.js";
import { html } from "/static/view.js";

/** @param {{label: string, items: {image: string, title: any, words: any}[]}} props */
export function Strip({ label, items }) {
  return html`<ul class="strip" aria-label=${label} tabindex="0">
    ${items.map(
      (item) => html`<li key=${item.image}>
        <${Layers} image=${item.image} label="A picture" />
        <strong>${item.title}</strong><small class="quiet">${item.words}</small>
      </li>`,
    )}
  </ul>`;
}
