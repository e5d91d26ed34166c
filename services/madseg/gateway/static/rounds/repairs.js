// @ts-check
/** The counterexamples before and after: picture, old map, new map, mask, and how well each fits. */

import { get } from "/static/api.js";
import { Empty, Loaded, Part } from "/static/elements.js";
import { Layers } from "/static/layers.js";
import { useLoad } from "/static/load.js";
import { signed } from "/static/rounds/standings.js";
import { html, useState } from "/static/view.js";
import { number, version } from "/static/words.js";

const PAGE = 6;

/** @param {{round: any}} props */
export function Repairs({ round }) {
  const path = `/api/rounds/${round.id}/repairs`;
  const stand = [round.id, round.step, version(round.released)];
  const load = useLoad((signal) => get(path, { page_size: PAGE }, signal), stand);
  const [opacity, setOpacity] = useState(0.75);
  const more = async () => {
    const next = await get(path, { page_size: PAGE, page_token: load.value.next_page_token });
    load.set({ ...next, repairs: [...load.value.repairs, ...next.repairs] });
  };
  return html`<${Part} title="Counterexamples, before and after"
    aside=${html`<label class="inline">Picture <input type="range" min="0" max="100" value=${Math.round(100 * opacity)}
      aria-label="Blend of picture and map"
      onInput=${(/** @type {any} */ event) => setOpacity(event.target.value / 100)} /> Map</label>`}>
    <p class="quiet">These images were trained on: what they gain shows that the failures are repaired, not how good
      the version is.</p>
    <${Loaded} load=${load} what="The counterexamples" lines=${2} tall=${true}>
      ${(/** @type {any} */ value) =>
        value.repairs.length
          ? html`<ol class="cards">
              ${value.repairs.map(
                (/** @type {any} */ item) => html`<${Repair} key=${item.image_id} item=${item} round=${round}
                  opacity=${opacity} />`,
              )}
            </ol>
            ${value.next_page_token && html`<p class="more"><button type="button" onClick=${more}>Show more</button></p>`}`
          : html`<${Empty} title="No mask of S is accepted yet" />`}
    <//>
  <//>`;
}

/** @param {any} item */
function opinion(item) {
  const words = item.mean === null ? "not graded" : `mean opinion ${number(item.mean, 2)}`;
  return item.main_class ? `${words} · ${item.main_class}` : words;
}

/** @param {{item: any, round: any, opacity: number}} props */
function Repair({ item, round, opacity }) {
  const old = version(round.target);
  const fresh = round.released ? version(round.released) : "";
  const gain = item.after !== null && item.before !== null ? item.after - item.before : null;
  return html`<li class="card">
    <div class="panels">
      <figure><${Layers} image=${item.image_id} label="The picture" /><figcaption>Picture</figcaption></figure>
      <figure><${Layers} image=${item.image_id} version=${old} opacity=${opacity} label=${`Label map of ${old}`} />
        <figcaption>${old}: ${number(item.before, 3)}</figcaption></figure>
      <figure>${
        fresh && item.after !== null
          ? html`<${Layers} image=${item.image_id} version=${fresh} opacity=${opacity} label=${`Label map of ${fresh}`} />
            <figcaption>${fresh}: ${number(item.after, 3)}</figcaption>`
          : html`<span class="frame"><span class="frame-problem">${fresh ? "not predicted yet" : "no new version"}</span>
            </span><figcaption>after</figcaption>`
      }</figure>
      <figure><${Layers} image=${item.image_id} opacity=${opacity} label="The mask that was drawn"
        mask=${`/api/mask-tasks/${item.task_id}/revisions/${item.revision}/canonical`} /><figcaption>Mask</figcaption></figure>
    </div>
    <div class="card-facts">
      <p class="card-rank"><strong>No. ${item.rank}</strong> of S
        ${gain !== null && html` <strong class=${gain > 0 ? "better" : gain < 0 ? "wrong" : ""}>${signed(gain)}</strong>
          <span class="quiet"> mIoU</span>`}</p>
      <p class="quiet">${opinion(item)}</p>
    </div>
  </li>`;
}
