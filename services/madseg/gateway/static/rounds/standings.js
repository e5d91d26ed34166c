// @ts-check
/** What the versions are worth (Table 1): every version on every test set, with intervals and who can't be told apart. */

import { get } from "/static/api.js";
import { Empty, Loaded, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Curve } from "/static/rounds/curve.js";
import { html } from "/static/view.js";
import { number, plural, version } from "/static/words.js";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** @param {{model: string, round?: number}} props of a target; `round`: they are asked for again when this changes */
export function Standings({ model, round = 0 }) {
  const load = useLoad((signal) => get("/api/standings", { model }, signal).catch(nothing), [model, round]);
  return html`<${Part} title="What the versions are worth" aside="mIoU with its 95 % interval">
    <${Loaded} load=${load} what="The standings" lines=${2} tall=${true}>
      ${(/** @type {any} */ value) =>
        value.sets.length
          ? html`<${Table} value=${value} /><${Differences} value=${value} /><${Stability} value=${value} />`
          : html`<${Empty} title="Nothing is evaluated yet">
            <p>The first figures come once the masks of a test set are drawn and checked.</p><//>`}
    <//>
  <//>`;
}

/** Without a target there are no standings. @param {any} error */
function nothing(error) {
  if (error.status === 404 || error.status === 409) return { sets: [], standings: [], ties: [], differences: [], stability: [] };
  throw error;
}

/** What a set is called, and what its figures do and don't say. @param {any} set @returns {[string, string]} */
export function setWords(set) {
  const images = plural(set.images, "image") + (set.vetoed ? `, ${number(set.vetoed)} vetoed` : "");
  if (set.kind === "round") return [`T(${set.round})`, `${images}; adversarial to ${version(set.against)}`];
  if (set.kind === "random_lane") return ["Random lane", `${images}; the honest sample`];
  if (set.kind === "t0_report") return ["T0-report", `${images}; the old test set`];
  return ["Test set", images];
}

/** Letters of the tie groups that a version is in, on one set. @param {any[]} ties @param {number} set @param {string} name */
export function lettersOf(ties, set, name) {
  return ties
    .filter((group) => group.set === set)
    .map((group, place) => (group.versions.some((/** @type {any} */ item) => version(item) === name) ? place : -1))
    .filter((place) => place >= 0)
    .map((place) => LETTERS[place % LETTERS.length])
    .join("");
}

/** @param {{value: any}} props */
function Table({ value }) {
  const names = [...new Set(value.standings.map((/** @type {any} */ item) => version(item.version)))];
  const adversarial = value.sets.some((/** @type {any} */ set) => set.kind === "round");
  const learned = value.standings.some((/** @type {any} */ item) => !item.clean);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Versions by test set">
      <table class="standings">
        <thead><tr><th scope="col" class="text">Version</th>
          ${value.sets.map((/** @type {any} */ set, /** @type {number} */ place) => {
            const [name, words] = setWords(set);
            return html`<th key=${place} scope="col" class=${set.kind === "round" ? "adversarial" : ""}>
              <strong>${name}</strong><small>${words}</small></th>`;
          })}
        </tr></thead>
        <tbody>
          ${names.map(
            (name) => html`<tr key=${name}><th scope="row">${name}</th>
              ${value.sets.map(
                (/** @type {any} */ set, /** @type {number} */ place) => html`<${Cell} key=${place}
                  standing=${value.standings.find(
                    (/** @type {any} */ item) => item.set === place && version(item.version) === name,
                  )}
                  letters=${lettersOf(value.ties, place, String(name))} />`,
              )}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <ul class="footnotes">
      ${
        adversarial &&
        html`<li><strong>T is adversarial.</strong> Its images were drawn where one version disagrees most with its
          competitors: its figures rank versions and are no version’s accuracy. A rise from one T to the next says
          little. The random lane and T0-report tell how good a version is.</li>`
      }
      ${value.ties.length > 0 && html`<li>Versions that share a letter on a set can’t be told apart there, at 5 % by
        Holm’s correction.</li>`}
      ${learned && html`<li>† It was trained on some of the set’s images.</li>`}
    </ul>
  `;
}

/** @param {{standing: any, letters: string}} props */
function Cell({ standing, letters }) {
  if (!standing) return html`<td class="quiet">–</td>`;
  const { figure, clean } = standing;
  return html`<td>
    <span class="standing-value">${number(figure.value, 3)}${
      !clean ? html`<span title="trained on some of the set’s images">†</span>` : ""
    }${letters && html` <sup><span class="hidden">group </span>${letters}</sup>`}</span>
    <small class="quiet">${number(figure.low, 3)} – ${number(figure.high, 3)}</small>
  </td>`;
}

/** @param {{value: any}} props */
function Differences({ value }) {
  if (!value.differences.length) return null;
  return html`<h3 class="sub">Each version against the one before it</h3>
    <div class="scroll" tabindex="0" role="region" aria-label="Each version against the one before it">
      <table>
        <thead><tr><th scope="col" class="text">On</th><th scope="col" class="text">From</th>
          <th scope="col" class="text">To</th><th scope="col">Gain</th><th scope="col">95 % interval</th>
          <th scope="col">p</th><th scope="col">Better</th><th scope="col">Worse</th>
          <th scope="col">More images to tell them apart</th></tr></thead>
        <tbody>
          ${value.differences.map(
            (/** @type {any} */ item) => html`<tr key=${`${item.set} ${version(item.after)}`}>
              <th scope="row">${setWords(value.sets[item.set])[0]}</th>
              <td class="text">${version(item.before)}</td><td class="text">${version(item.after)}</td>
              <td><strong class=${toneOf(item.gain)}>${signed(item.gain.value)}</strong></td>
              <td>${signed(item.gain.low)} to ${signed(item.gain.high)}</td>
              <td>${item.p_value < 0.001 ? "< 0.001" : number(item.p_value, 3)}</td>
              <td>${number(item.better)}</td><td>${number(item.worse)}</td>
              <td>${number(item.more_images)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

/** Good or bad only where the interval leaves no doubt. @param {any} gain */
export function toneOf(gain) {
  return gain.low > 0 ? "better" : gain.high < 0 ? "wrong" : "";
}

/** @param {number | null | undefined} value */
export function signed(value) {
  if (value === null || value === undefined) return "–";
  const digits = number(Math.abs(value), 3);
  return Number(digits) ? `${value < 0 ? "−" : "+"}${digits}` : digits;
}

/** @param {{value: any}} props */
function Stability({ value }) {
  const points = value.stability
    .map((/** @type {number | null} */ y, /** @type {number} */ place) => ({ x: place + 1, y }))
    .filter((/** @type {any} */ point) => point.y !== null);
  if (points.length < 2) return null;
  return html`<h3 class="sub">How many images the ranking needs</h3>
    <${Curve} label="Rank correlation with the ranking by all images of the newest T" unit="images" digits=${2}
      series=${[{ name: "SRCC", points }]} low=${0} high=${1} />`;
}
