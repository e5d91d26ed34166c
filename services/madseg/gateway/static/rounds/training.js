// @ts-check
/** How a version learns, and what the gate says of it. */

import { events, get, post } from "/static/api.js";
import { Chip, Empty, Loaded, Meter, Part } from "/static/elements.js";
import { Action } from "/static/forms.js";
import { useLoad } from "/static/load.js";
import { Curve } from "/static/rounds/curve.js";
import { signed } from "/static/rounds/standings.js";
import { may, useSession } from "/static/session.js";
import { html, useEffect } from "/static/view.js";
import { duration, number, plural, version } from "/static/words.js";

/** @type {Record<string, ["good" | "bad" | "busy" | "idle", string]>} */
const STATES = {
  preparing: ["busy", "brings pictures and masks together"],
  training: ["busy", "trains"],
  passed: ["good", "passed the gate"],
  refused: ["bad", "refused"],
  cancelled: ["idle", "cancelled"],
  released: ["good", "released"],
};

/** @param {{runId: string, going: boolean}} props `going`: the round goes on, and whether it releases is asked there */
export function Training({ runId, going }) {
  const load = useLoad((signal) => get(`/api/runs/${runId}`, undefined, signal), [runId]);
  const ended = ["refused", "cancelled", "released"].includes(load.value?.state);
  useEffect(() => {
    if (ended) return undefined;
    return events(`/api/runs/${runId}/events`, undefined, "run", (now) => load.set(now.run ?? now));
  }, [runId, ended]);
  return html`<${Loaded} load=${load} what="The training" lines=${2} tall=${true}>
    ${(/** @type {any} */ run) => html`<${Learning} run=${run} /><${Gate} run=${run} going=${going}
      changed=${load.set} />`}
  <//>`;
}

/** @param {{run: any}} props */
function Learning({ run }) {
  const [kind, words] = STATES[run.state] ?? ["idle", run.state];
  const { progress } = run;
  const epochs = progress && (progress.rate - 1) * progress.epochs + progress.epoch - 1;
  const done = progress && epochs * progress.steps + progress.step;
  const goesOn = run.state === "training" && progress;
  return html`<${Part} title="Training" aside=${`${version(run.plan.target)}, recipe ${run.plan.recipe}`}>
    <div class="sheet training-state">
      <${Chip} kind=${kind}>${words}<//>
      ${goesOn && html`<${Meter} label="Training" value=${done} of=${progress.rates * progress.epochs * progress.steps}
        words=${progressWords(progress)} />`}
      <span class="quiet">${examples(run.examples)}</span>
    </div>
    ${run.waits_for && html`<p class="waits" role="status">It waits: ${run.waits_for}</p>`}
    ${
      run.epochs.length
        ? html`<div class="curves">
          <${Curve} label="Mean loss" unit="epoch" series=${byRate(run.epochs, "loss")} />
          <${Curve} label="mIoU on T0-select" unit="epoch" series=${byRate(run.epochs, "selected")} />
          <${Curve} label="Learning rate" unit="epoch" series=${byRate(run.epochs, "learning_rate")} tiny=${true} />
        </div>`
        : html`<${Empty} title="No epoch has ended yet" />`
    }
  <//>`;
}

/** @param {any} progress */
function progressWords({ epoch, epochs, rate, rates, seconds_left: left }) {
  const words = [`epoch ${number(epoch)} of ${number(epochs)}`];
  if (rates > 1) words.push(`learning rate ${number(rate)} of ${number(rates)}`);
  if (left) words.push(`${duration(left)} left`);
  return words.join(", ");
}

/** @param {Record<string, number>} counts */
function examples(counts) {
  const names = { s: "S", s0: "S0", t0_select: "T0-select", t0_report: "T0-report" };
  return Object.entries(names)
    .filter(([key]) => counts?.[key])
    .map(([key, name]) => `${number(counts[key])} of ${name}`)
    .join(" · ");
}

/** One series for each learning rate that was tried. @param {any[]} epochs @param {string} field */
function byRate(epochs, field) {
  const rates = [...new Set(epochs.map((item) => item.rate))];
  return rates.map((rate) => ({
    name: rates.length > 1 || rate > 1 ? `rate ${rate}` : field === "selected" ? "mIoU" : field.replace("_", " "),
    points: epochs.filter((item) => item.rate === rate).map((item) => ({ x: item.epoch, y: item[field] })),
  }));
}

/** @param {{run: any, going: boolean, changed: (run: any) => void}} props */
function Gate({ run, going, changed }) {
  const { me } = useSession();
  const judged = run.checks.length > 0 || run.reasons.length > 0;
  if (!judged) return null;
  return html`<${Part} title="Gate" aside="what a new version must hold before it may serve">
    ${run.reasons.length > 0 && html`<ul class="failure gate-reasons">${run.reasons.map(
      (/** @type {string} */ reason) => html`<li key=${reason}>${reason}</li>`,
    )}</ul>`}
    ${run.before && run.after && html`<p class="t0-change">
      T0-report: ${estimate(run.before)} before, ${estimate(run.after)} after, <strong>${signed(run.after.value - run.before.value)}</strong>, on ${plural(run.after.images, "image")}.</p>`}
    <ul class="sheet lines gate">${run.checks.map(
      (/** @type {any} */ check) => html`<li key=${check.name}><span>${check.sentence || check.name}</span>
        <${Chip} kind=${check.passed ? "good" : "bad"}>${check.passed ? "holds" : "doesn’t hold"}<//></li>`,
    )}</ul>
    ${may(me, "operator") && !going && html`<${Release} run=${run} changed=${changed} admin=${may(me, "admin")} />`}
  <//>`;
}

/** @param {any} figure */
function estimate(figure) {
  return html`<strong>${number(figure.value, 3)}</strong> (${number(figure.low, 3)} – ${number(figure.high, 3)})`;
}

/** @param {{run: any, changed: (run: any) => void, admin: boolean}} props */
function Release({ run, changed, admin }) {
  const promote = async () => {
    changed({ epochs: run.epochs, ...(await promoted(run)) });
    return "It is being released.";
  };
  const rollBack = async () => {
    const shown = Number(version(run.released).split("/")[1]);
    const { model } = await post(`/api/models/${modelOf(run)}/rollback`, { expected_newest: shown });
    return `${model.name}/${model.serving.join(", ")} serves now.`;
  };
  return html`<div class="steer">
    ${run.state === "passed" && html`<${Action} button="Promote" primary=${true}
      sure="The new version serves and competes from now on. Promote it?" send=${promote} />`}
    ${run.state === "refused" && run.checks.length > 0 && admin && html`<${Action} button="Promote despite the gate"
      sure="The gate refused this version. Let it serve all the same?" send=${promote} />`}
    ${run.state === "released" && html`<${Action} button="Roll back"
      sure=${`The version before ${version(run.released)} serves again, and this one no longer. Roll back?`}
      send=${rollBack} />`}
  </div>`;
}

/** @param {any} run */
function promoted(run) {
  return post(`/api/runs/${run.id}/promote`, { despite_gate: run.state === "refused" });
}

/** @param {any} run */
function modelOf(run) {
  return version(run.plan.target).split("/")[0];
}
