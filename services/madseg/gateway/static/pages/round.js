// @ts-check
/** One round: its steps, its training, what the gate says, and what became of its counterexamples. */

import { events, get } from "/static/api.js";
import { Figures, Loaded, PageHead, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Competition, Lane } from "/static/rounds/judging.js";
import { Repairs } from "/static/rounds/repairs.js";
import { Standings } from "/static/rounds/standings.js";
import { Steering } from "/static/rounds/steering.js";
import { OutcomeChip, Waiting, Way, stepName } from "/static/rounds/steps.js";
import { Training } from "/static/rounds/training.js";
import { may, useSession } from "/static/session.js";
import { useShortcuts } from "/static/shortcuts.js";
import { html, useEffect } from "/static/view.js";
import { duration, moment, number, version } from "/static/words.js";

/** @param {{id: string}} props */
export function Round({ id }) {
  const load = useLoad((signal) => get(`/api/rounds/${id}`, undefined, signal), [id]);
  const ended = load.value?.step === "ended";
  useEffect(() => {
    if (ended) return undefined;
    return events(`/api/rounds/${id}/events`, undefined, "round", (now) => load.set(now.round ?? now));
  }, [id, ended]);
  useShortcuts("Round", [{ keys: ["Escape"], label: "all rounds", run: () => (location.hash = "#/rounds") }]);
  return html`<${Loaded} load=${load} what="The round" title="Round" lines=${5} tall=${true}>
    ${(/** @type {any} */ round) => html`<${Shown} round=${round} />`}<//>`;
}

/** @param {{round: any}} props */
function Shown({ round }) {
  const { me } = useSession();
  const insider = may(me, "annotator", "reviewer", "operator");
  const actions = html`<${OutcomeChip} round=${round} />
    ${may(me, "reviewer", "operator") && html`<a class="button" href=${`/api/rounds/${round.id}/report`}
      download=${`round-${round.number}.html`}>Report to send on</a>`}
    <a class="button" href="#/rounds">All rounds <kbd>Esc</kbd></a>`;
  return html`
    <${PageHead} title=${`Round ${round.number}`} actions=${actions}>
      <strong>${version(round.target)}</strong>${round.released ? html` → <strong>${version(round.released)}</strong>` : ""},
      begun ${moment(round.created_at)} by ${round.started_by}${round.plan.evaluate_only ? ", to evaluate only" : ""}.
    <//>
    <${Figures} figures=${figures(round)} />
    <${Part} title=${round.step === "ended" ? "How it went" : `Now: ${stepName(round.step).toLowerCase()}`}>
      <div class="sheet going">
        <${Way} round=${round} times=${true} />
        <div class="going-now"><${Waiting} round=${round} /></div>
        ${may(me, "operator") && round.step !== "ended" && html`<div class="going-foot"><${Steering} round=${round} />
          </div>`}
      </div>
    <//>
    ${round.run_id && html`<${Training} runId=${round.run_id} going=${round.step !== "ended"} />`}
    ${insider && round.counterexamples > 0 && html`<${Repairs} round=${round} />`}
    ${may(me, "reviewer", "operator") && html`<${Standings} model=${version(round.target).split("/")[0]}
      round=${round.step === "ended" ? 1 : 0} />
      <${Lane} model=${version(round.target).split("/")[0]} round=${round.step === "ended" ? 1 : 0} />
      <${Competition} round=${round.step === "ended" ? 1 : 0} />`}
  `;
}

/** @param {any} round */
function figures(round) {
  const last = round.step === "ended" ? Date.parse(round.changed_at) : Date.now();
  const campaign = round.plan.campaign ?? {};
  return [
    {
      label: "candidates M",
      value: number(round.candidates || null),
      note: `top ${number(round.plan.per_ranking)} of each ranking`,
    },
    { label: "counterexamples S", value: number(round.counterexamples || null), note: sizeNote(campaign.counterexamples) },
    { label: "test images T", value: number(round.test || null), note: sizeNote(campaign.test_reported) },
    { label: "new version", value: version(round.released), note: round.released ? "serves" : "none yet" },
    {
      label: round.step === "ended" ? "from begin to end" : "so far",
      value: duration((last - Date.parse(round.created_at)) / 1000),
    },
  ];
}

/** @param {number | undefined} wanted */
function sizeNote(wanted) {
  return wanted ? `${number(wanted)} wanted` : "";
}
