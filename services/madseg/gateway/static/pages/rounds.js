// @ts-check
/** Rounds: what goes on, whom it waits for, what came of those before, and when the next one begins. */

import { events, get } from "/static/api.js";
import { Chip, Empty, Loaded, PageHead, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Round } from "/static/pages/round.js";
import { Competition, Lane } from "/static/rounds/judging.js";
import { Policy } from "/static/rounds/policy.js";
import { Standings } from "/static/rounds/standings.js";
import { StartDialog } from "/static/rounds/starting.js";
import { Steering } from "/static/rounds/steering.js";
import { OutcomeChip, Waiting, Way } from "/static/rounds/steps.js";
import { may, useSession } from "/static/session.js";
import { useShortcuts } from "/static/shortcuts.js";
import { html, useEffect, useState } from "/static/view.js";
import { duration, moment, number, version } from "/static/words.js";

/** @param {{path: string[]}} props */
export function Rounds({ path }) {
  return path[0] ? html`<${Round} key=${path[0]} id=${path[0]} />` : html`<${List} />`;
}

function List() {
  const { me } = useSession();
  const load = useLoad((signal) => get("/api/rounds", undefined, signal), []);
  const [live, setLive] = useState(false);
  const [starting, setStarting] = useState(/** @type {any} */ (null));
  useEffect(() => events("/api/rounds/events", undefined, "rounds", load.set, setLive), []);
  const steers = may(me, "operator");
  const going = (load.value?.rounds ?? []).filter((/** @type {any} */ round) => round.step !== "ended");
  const start = async () => {
    // What was planned last is what is proposed now; without a round, what the policy says.
    const rounds = load.value?.rounds ?? [];
    const model = modelOf(rounds);
    const policy = rounds.length ? {} : await get("/api/policy", { model }).catch(() => ({}));
    setStarting({ model, plan: rounds[0]?.plan ?? policy.plan ?? {} });
  };
  useShortcuts("Rounds", steers ? [{ keys: ["n"], label: "start a round", run: start }] : []);
  const actions = html`<${Chip} kind=${live ? "good" : "idle"}>${live ? "live" : "not live"}<//>
    ${steers && load.value && html`<button type="button" class=${going.length ? "" : "primary"} onClick=${start}>
      Start a round…</button>`}`;
  return html`
    <${PageHead} title="Rounds" actions=${actions}>
      From the images where the models disagree to the next version: mined, graded, drawn, trained, released.<//>
    <${Loaded} load=${load} what="The rounds" lines=${4} tall=${true}>
      ${(/** @type {any} */ value) => html`
        ${going.map((/** @type {any} */ round) => html`<${Going} key=${round.id} round=${round} steers=${steers} />`)}
        ${
          !value.rounds.length &&
          html`<${Empty} title="No round yet">
            <p>${steers ? "Start the first one, or let the policy below do it." : "An operator starts one."}</p><//>`
        }
        ${may(me, "reviewer", "operator") && value.rounds.length > 0 && html`<${Standings} model=${modelOf(value.rounds)}
          round=${value.rounds.filter((/** @type {any} */ round) => round.step === "ended").length} />
          <${Lane} model=${modelOf(value.rounds)}
            round=${value.rounds.filter((/** @type {any} */ round) => round.step === "ended").length} />
          <${Competition} round=${value.rounds.length} />`}
        ${value.rounds.length > 0 && html`<${Past} rounds=${value.rounds} />`}
        <${Policy} model=${modelOf(value.rounds)} steers=${steers} />
      `}
    <//>
    ${
      starting &&
      html`<${StartDialog} model=${starting.model} plan=${starting.plan} close=${() => setStarting(null)} done=${(/** @type {any} */ round) => {
        setStarting(null);
        location.hash = `#/rounds/${round.id}`;
      }} />`
    }
  `;
}

/** The target that the newest round is about; empty before the first. @param {any[]} rounds */
function modelOf(rounds) {
  return rounds.length ? version(rounds[0].target).split("/")[0] : "";
}

/** @param {{round: any, steers: boolean}} props */
function Going({ round, steers }) {
  return html`<${Part} title=${`Round ${round.number} of ${version(round.target)}`}
    aside=${html`<${OutcomeChip} round=${round} />`}>
    <div class="sheet going">
      <${Way} round=${round} />
      <div class="going-now"><${Waiting} round=${round} /></div>
      <div class="going-foot">
        <a class="button" href=${`#/rounds/${round.id}`}>All about it</a>
        ${steers && html`<${Steering} round=${round} />`}
      </div>
    </div>
  <//>`;
}

/** @param {any} round */
function lasted(round) {
  return duration((Date.parse(round.changed_at) - Date.parse(round.created_at)) / 1000);
}

/** @param {{rounds: any[]}} props */
function Past({ rounds }) {
  return html`<${Part} title="All rounds" aside="newest first">
    <div class="scroll" tabindex="0" role="region" aria-label="Table of the rounds">
      <table class="rounds-table">
        <thead><tr><th scope="col" class="text">Round</th><th scope="col" class="text">From</th>
          <th scope="col" class="text">To</th><th scope="col" class="text">State</th><th scope="col">M</th>
          <th scope="col">S</th><th scope="col">T</th><th scope="col" class="text">Begun</th><th scope="col">Took</th>
          <th scope="col" class="text">By</th></tr></thead>
        <tbody>
          ${rounds.map(
            (round) => html`<tr key=${round.id}>
              <th scope="row"><a href=${`#/rounds/${round.id}`}>Round ${number(round.number)}</a></th>
              <td class="text">${version(round.target)}</td><td class="text">${version(round.released)}</td>
              <td class="text"><${OutcomeChip} round=${round} /></td>
              <td>${number(round.candidates || null)}</td><td>${number(round.counterexamples || null)}</td>
              <td>${number(round.test || null)}</td>
              <td class="text">${moment(round.created_at)}</td>
              <td>${round.step === "ended" ? lasted(round) : ""}</td>
              <td class="text">${round.started_by}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  <//>`;
}
