// @ts-check
/** The vetoes, with the images; operators take them back. */

import { get, post } from "/static/api.js";
import { Chip, Empty, Loaded, advice } from "/static/elements.js";
import { Layers } from "/static/layers.js";
import { useLoad } from "/static/load.js";
import { REASONS } from "/static/score/veto.js";
import { html, useState } from "/static/view.js";
import { listOf, moment } from "/static/words.js";

/** @param {{campaign: string, steers: boolean}} props */
export function Vetoes({ campaign, steers }) {
  const load = useLoad(
    (signal) => get(`/api/campaigns/${campaign}/vetoes`, undefined, signal).then((answer) => listOf(answer, "vetoes")),
    [campaign],
  );
  const [problem, setProblem] = useState("");
  const revoke = async (/** @type {string} */ image) => {
    try {
      await post(`/api/campaigns/${campaign}/vetoes/revoke`, { image_id: image });
      setProblem("");
      load.again();
    } catch (error) {
      setProblem(`The veto stands: ${advice(error)}`);
    }
  };
  return html`<${Loaded} load=${load} what="The vetoes" lines=${3}>
    ${(/** @type {any[]} */ vetoes) =>
      vetoes.length
        ? html`${problem && html`<p class="notice" role="alert">${problem}</p>`}
            <ul class="vetoes">${vetoes.map((item) => html`<${Veto} key=${item.image_id + item.rater} item=${item}
              steers=${steers} revoke=${() => revoke(item.image_id)} />`)}</ul>`
        : html`<${Empty} title="No veto so far" />`}
  <//>`;
}

/** @param {{item: any, steers: boolean, revoke: () => void}} props */
function Veto({ item, steers, revoke }) {
  const { reason, text } = item.veto ?? item;
  const name = REASONS.find(([key]) => key === reason)?.[1] ?? reason;
  return html`<li class="sheet veto">
    <${Layers} image=${item.image_id} label="The vetoed picture" />
    <div class="veto-words">
      <strong>${name}</strong>
      ${text && html`<p>“${text}”</p>`}
      <small class="quiet">${item.rater}, ${moment(item.at)}</small>
      ${
        item.revoked_by
          ? html`<${Chip} kind="idle">taken back by ${item.revoked_by}<//>`
          : steers && html`<button type="button" class="small" onClick=${revoke}>Take back</button>`
      }
    </div>
  </li>`;
}
