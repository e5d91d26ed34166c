// @ts-check
/** Versions on the random lane, what the contests don't see, and the newest competition. */

import { get } from "/static/api.js";
import { Loaded, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Curve } from "/static/rounds/curve.js";
import { signed, toneOf } from "/static/rounds/standings.js";
import { html } from "/static/view.js";
import { number, plural, version } from "/static/words.js";

/** Worst failures that are named. */
const FAILURES = 10;

/** @param {{model: string, round?: number}} props `round`: it is asked for again when this changes */
export function Lane({ model, round = 0 }) {
  const load = useLoad(
    async (signal) => ({
      compared: (await get("/api/comparison", { model }, signal)).comparison,
      seen: (await get("/api/coverage", { model }, signal)).coverage,
    }),
    [model, round],
  );
  if (load.value && !load.value.compared) return null;
  return html`<${Part} title="On the random lane" aside="never mined: the honest sample of the stream">
    <${Loaded} load=${load} what="The random lane" lines=${2} tall=${true}>
      ${(/** @type {any} */ value) => html`<${Pairs} compared=${value.compared} /><${Seen} seen=${value.seen} />`}
    <//>
  <//>`;
}

/** @param {{compared: any}} props */
function Pairs({ compared }) {
  const { test_set: set, pairs } = compared;
  const vetoed = set.vetoed ? `, ${number(set.vetoed)} vetoed` : "";
  return html`<p class="quiet">${plural(set.images, "image")} with a mask${vetoed}. Versions are compared image by image;
      p is corrected by Holm over all pairs.</p>
    ${
      pairs.length > 0 &&
      html`<div class="scroll" tabindex="0" role="region" aria-label="Versions on the random lane">
        <table>
          <thead><tr><th scope="col" class="text">From</th><th scope="col" class="text">To</th><th scope="col">Gain</th>
            <th scope="col">95 % interval</th><th scope="col">p (Holm)</th><th scope="col">Better</th>
            <th scope="col">Worse</th><th scope="col">More images to tell them apart</th></tr></thead>
          <tbody>${pairs.map(
            (/** @type {any} */ item) => html`<tr key=${`${version(item.before)} ${version(item.after)}`}>
              <th scope="row">${version(item.before)}</th><td class="text">${version(item.after)}</td>
              <td><strong class=${toneOf(item.gain)}>${signed(item.gain.value)}</strong></td>
              <td>${signed(item.gain.low)} to ${signed(item.gain.high)}</td><td>${chance(item.corrected)}</td>
              <td>${number(item.better)}</td><td>${number(item.worse)}</td><td>${number(item.more_images)}</td>
            </tr>`,
          )}</tbody>
        </table>
      </div>`
    }`;
}

/** @param {number | null} value */
function chance(value) {
  return value !== null && value < 0.001 ? "< 0.001" : number(value, 3);
}

/** @param {{seen: any}} props */
function Seen({ seen }) {
  if (!seen || !seen.images) return null;
  const points = seen.curve.map((/** @type {any} */ point) => ({ x: Math.round(point.coverage * 100), y: point.risk }));
  return html`<h3 class="sub">What the contests don’t see</h3>
    <p>${failureWords(seen)}</p>
    ${points.length > 1 && html`<${Curve} label="Mean error of the images of least discrepancy" unit="percent of them"
      series=${[{ name: "1 − mIoU", points }]} low=${0} />`}
    ${
      seen.worst.length > 0 &&
      html`<div class="scroll" tabindex="0" role="region" aria-label="Worst failures on the random lane">
        <table>
          <thead><tr><th scope="col" class="text">Worst failures</th><th scope="col">mIoU</th>
            <th scope="col">Mean discrepancy</th><th scope="col">Rankings</th><th scope="col">Mined in</th></tr></thead>
          <tbody>${seen.worst.slice(0, FAILURES).map(
            (/** @type {any} */ item) => html`<tr key=${item.image_id}><th scope="row"><code>${item.image_id}</code></th>
              <td>${number(item.mean_iou, 3)}</td><td>${number(item.mean_discrepancy, 3)}</td>
              <td>${number(item.rankings)}</td><td>${number(item.top)}</td></tr>`,
          )}</tbody>
        </table>
      </div>`
    }`;
}

/** @param {any} seen */
function failureWords(seen) {
  const share = seen.unranked_share;
  if (!share) return `${version(seen.version)} fails on none of ${plural(seen.images, "image")}.`;
  const percent = (/** @type {number} */ value) => `${number(value * 100, 0)} %`;
  return `${version(seen.version)} fails on ${number(seen.failures)} of ${plural(seen.images, "image")}. No contest ranks
    ${number(seen.unranked)} of them: ${percent(share.value)} (${percent(share.low)} – ${percent(share.high)}) of its failures
    can’t be mined. ${number(seen.behind)} are ranked too far behind.`;
}

/** @param {{round?: number}} props `round`: it is asked for again when this changes */
export function Competition({ round = 0 }) {
  const load = useLoad((signal) => get("/api/competition", undefined, signal), [round]);
  const found = load.value?.competition;
  if (!found) return null;
  const vetoed = found.vetoed ? `, ${number(found.vetoed)} vetoed` : "";
  return html`<${Part} title="Where versions disagree most" aside="each pair in both roles">
    <p class="quiet">${plural(found.images, "image")}, ${number(found.drawn)} with a mask${vetoed}. They are the hardest
      for both: the figures tell who is right, not how good either is.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Duels">
      <table>
        <thead><tr><th scope="col" class="text">First</th><th scope="col" class="text">Second</th>
          <th scope="col">Masks</th><th scope="col">First</th><th scope="col">Second</th><th scope="col">Gain</th>
          <th scope="col">95 % interval</th><th scope="col">p (Holm)</th><th scope="col">First right</th>
          <th scope="col">Second right</th><th scope="col">More images to tell them apart</th></tr></thead>
        <tbody>${found.duels.map(
          (/** @type {any} */ item) => html`<tr key=${`${version(item.first)} ${version(item.second)}`}>
            <th scope="row">${version(item.first)}</th><td class="text">${version(item.second)}</td>
            <td>${number(item.drawn)} of ${number(item.images)}</td>
            <td>${number(item.first_figure?.value, 3)}</td><td>${number(item.second_figure?.value, 3)}</td>
            <td>${item.gain ? html`<strong class=${toneOf(item.gain)}>${signed(item.gain.value)}</strong>` : "–"}</td>
            <td>${item.gain ? `${signed(item.gain.low)} to ${signed(item.gain.high)}` : "–"}</td>
            <td>${chance(item.corrected)}</td><td>${number(item.first_right)}</td>
            <td>${number(item.second_right)}</td><td>${number(item.more_images)}</td></tr>`,
        )}</tbody>
      </table>
    </div>
    ${
      found.ranking.length > 0 &&
      html`<h3 class="sub">Ranking</h3><ol>${found.ranking.map(
        (/** @type {any} */ item) =>
          html`<li key=${version(item.version)}>${version(item.version)}, strength ${number(item.strength, 3)}</li>`,
      )}</ol>`
    }
  <//>`;
}
