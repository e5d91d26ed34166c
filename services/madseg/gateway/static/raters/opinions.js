// @ts-check
/** The lowest mean opinions so far: shown when asked for, so that nobody's own grades are led by them. */

import { get } from "/static/api.js";
import { Empty, Loaded, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Strip } from "/static/raters/strip.js";
import { html, useState } from "/static/view.js";
import { listOf, number, plural } from "/static/words.js";

/** @param {{campaign: string}} props */
export function Opinions({ campaign }) {
  const [open, setOpen] = useState(false);
  return html`<${Part} title="Lowest opinions" aside="who would be in S">
    ${
      open
        ? html`<${Lowest} campaign=${campaign} />`
        : html`<div class="sheet asked"><p class="quiet">If you rate yourself, look at these only when you are done.</p>
          <button type="button" onClick=${() => setOpen(true)}>Show them</button></div>`
    }
  <//>`;
}

/** @param {{campaign: string}} props */
function Lowest({ campaign }) {
  const load = useLoad(
    (signal) =>
      get(`/api/campaigns/${campaign}/opinions`, undefined, signal).then((answer) => listOf(answer, "opinions")),
    [campaign],
  );
  return html`<${Loaded} load=${load} what="The opinions" lines=${2} tall=${true}>
    ${(/** @type {any[]} */ opinions) => {
      const graded = opinions.filter((item) => item.mean !== null && item.mean !== undefined && !item.vetoes);
      if (!graded.length) return html`<${Empty} title="No image is graded yet" />`;
      return html`<${Strip} label="Images with the lowest mean opinion" items=${graded.map((item) => ({
        image: item.image_id,
        title: html`${number(item.mean, 2)}${item.half_width !== null && html` <span
          class="quiet">± ${number(item.half_width, 2)}</span>`}`,
        words: plural(item.grades, "grade"),
      }))} />`;
    }}
  <//>`;
}
