// @ts-check
/** Which images a ranking is of: from a source, of a time. */

import { Field } from "/static/forms.js";
import { html, useState } from "/static/view.js";

/** Moments as a field has them, in the time of this place: "2026-05-12T14:30"; empty: no bound. @typedef {{source: string, since: string, until: string}} Images */

/** @type {Images} */
export const ALL = { source: "", since: "", until: "" };

/** As a query says it. @param {Images} images */
export function queryOf({ source, since, until }) {
  return { source, since: moment(since), until: moment(until) };
}

/** @param {Images} images */
export function isAll(images) {
  return !images.source && !images.since && !images.until;
}

/** @param {string} local */
function moment(local) {
  return local ? new Date(local).toISOString() : "";
}

/** The fields; what they say holds once one leaves them or presses Enter. @param {{images: Images, choose: (images: Images) => void}} props */
export function ImagesFilter({ images, choose }) {
  const [cleared, setCleared] = useState(0);
  const clear = () => {
    setCleared((count) => count + 1);
    choose(ALL);
  };
  const told = (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const [source, since, until] = ["source", "since", "until"].map((name) => String(form.get(name) ?? "").trim());
    if (source !== images.source || since !== images.since || until !== images.until)
      choose({ source, since, until });
  };
  return html`<form class="images-filter" aria-label="Which images" key=${cleared}
    onSubmit=${told} onChange=${told}>
    <${Field} label="Source" name="source" value=${images.source} maxlength="200" size="14" />
    <${Field} label="Captured from" name="since" type="datetime-local" value=${images.since} />
    <${Field} label="before" name="until" type="datetime-local" value=${images.until} />
    ${!isAll(images) && html`<button type="button" onClick=${clear}>All images</button>`}
    <button type="submit" class="hidden" tabindex="-1">Filter</button>
  </form>`;
}
