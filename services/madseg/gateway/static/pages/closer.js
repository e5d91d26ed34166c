// @ts-check
/** A closer look at one image of a ranking, and why it is there. */

import { get } from "/static/api.js";
import { Dialog, Loaded, Swatch } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { mapOf, shares } from "/static/maps.js";
import { Panels } from "/static/pages/ranking.js";
import { useSession } from "/static/session.js";
import { html } from "/static/view.js";
import { moment, number, percent, short, version } from "/static/words.js";

/** Classes of each map that are named. */
const NAMED = 6;

/** @param {any} props */
export function Closer({ entry, target, competitor, look, swap, step, close }) {
  const why = useLoad((signal) => get(`/api/images/${entry.image_id}/why`, undefined, signal), [entry.image_id]);
  return html`<${Dialog} title=${`No. ${entry.rank}: discrepancy ${number(entry.discrepancy, 3)}`} close=${close}
    class="closer" keys=${true}>
    <div class="closer-body">
      <${Panels} entry=${entry} target=${target} competitor=${competitor} look=${look} />
      <div class="closer-why">
        <div class="actions">
          <button type="button" onClick=${() => step(-1)}>← Before</button>
          <button type="button" onClick=${() => step(1)}>Next →</button>
          <button type="button" aria-pressed=${look.swapped ? "true" : "false"} onClick=${swap}>Swap <kbd>B</kbd>
            </button>
        </div>
        <${Classes} image=${entry.image_id} versions=${[target, competitor]} />
        <h3>Why it is here</h3>
        <${Loaded} load=${why} what="The reason" lines=${4}>${(/** @type {any} */ value) => html`<${Why}
          why=${value} />`}<//>
      </div>
    </div>
  <//>`;
}

/** What the two maps show. @param {{image: string, versions: string[]}} props */
function Classes({ image, versions }) {
  const { taxonomy } = useSession();
  const load = useLoad(() => Promise.all(versions.map((name) => mapOf(image, name))), [image, ...versions]);
  const name = (/** @type {number} */ label) => taxonomy.classes.find((item) => item.label === label);
  return html`<${Loaded} load=${load} what="The maps" lines=${2}>
    ${(/** @type {any[]} */ maps) => html`<dl class="seen">
      ${maps.map(
        (map, index) => html`<div key=${versions[index]}>
        <dt>${versions[index]} sees</dt>
        <dd><ul class="legend">${shares(map)
          .slice(0, NAMED)
          .map(
            ([label, share]) =>
              html`<li key=${label}><${Swatch} colour=${name(label)?.colour ?? "#888888"} />
                ${name(label)?.name ?? `class ${label}`} <span class="quiet">
                  ${percent(share, share < 0.01 ? 1 : 0)}</span></li>`,
          )}</ul></dd>
      </div>`,
      )}
    </dl>`}
  <//>`;
}

/** @param {{why: any}} props */
function Why({ why }) {
  return html`
    <ul class="reasons">
      ${why.contests.flatMap((/** @type {any} */ contest) =>
        contest.classes.map(
          (/** @type {any} */ item) => html`<li key=${version(contest.competitor) + item.defender + item.class_name}>
          <strong>${item.rank ? `No. ${number(item.rank)}` : "not ranked"}</strong> for ${item.class_name} against ${version(contest.competitor)}${" "}
          <span class="quiet">(${number(contest.discrepancy, 3)}; ${item.defender} sees it on ${percent(item.area_share, 1)})${item.reason ? `: ${item.reason}` : ""}</span>
        </li>`,
        ),
      )}
    </ul>
    <dl class="facts">
      <div><dt>Image</dt><dd class="code" title=${why.image_id}>${short(why.image_id)}</dd></div>
      <div><dt>Source</dt><dd>${why.source}</dd></div>
      <div><dt>Taken</dt><dd>${moment(why.captured_at)}</dd></div>
      ${why.exclusions.length > 0 && html`<div><dt>Kept out</dt><dd>${why.exclusions.join(", ")}</dd></div>`}
      ${why.outcomes.map(
        (/** @type {any} */ item) => html`<div key=${version(item.version)}>
        <dt>${version(item.version)}</dt><dd>
          ${item.failure ? `failed: ${item.failure}` : item.mean_entropy === null ? "predicted" : `mean entropy ${number(item.mean_entropy, 2)} nats`}</dd>
      </div>`,
      )}
    </dl>
  `;
}
