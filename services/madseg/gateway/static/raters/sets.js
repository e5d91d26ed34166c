// @ts-check
/** What was chosen: S, T, and who just missed. */

import { get } from "/static/api.js";
import { Empty, Loaded, Part, Switch } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Strip } from "/static/raters/strip.js";
import { html, useState } from "/static/view.js";
import { moment, number } from "/static/words.js";

/** @param {{campaign: string}} props */
export function Sets({ campaign }) {
  const load = useLoad((signal) => get(`/api/campaigns/${campaign}/sets`, undefined, signal), [campaign]);
  return html`<${Loaded} load=${load} what="The sets" lines=${2} tall=${true}>
    ${(/** @type {any} */ sets) => html`<${Shown} sets=${sets} />`}<//>`;
}

/** @param {{sets: any}} props */
function Shown({ sets }) {
  const [which, setWhich] = useState("counterexamples");
  /** @type {[string, string][]} */
  const choices = [
    ["counterexamples", `Counterexamples S (${sets.counterexamples.length})`],
    ["test", `Test set T (${sets.test.length})`],
    ["just_missed", `Just missed (${sets.just_missed.length})`],
  ];
  const items = sets[which].map((/** @type {any} */ item) => ({
    image: item.image_id,
    title: html`No. ${item.rank}${item.mean !== null && html` <span class="quiet">${number(item.mean, 2)}</span>`}`,
    words: item.main_class || "no class",
  }));
  return html`<${Part} title="What was chosen" aside=${moment(sets.chosen_at)}>
    <p><${Switch} label="Which set" value=${which} choices=${choices} choose=${setWhich} /></p>
    ${items.length ? html`<${Strip} key=${which} label="Chosen images" items=${items} />` : html`<${Empty}
      title="It is empty" />`}
  <//>`;
}
