// @ts-check
/** When rounds begin by themselves. */

import { ApiError, get, putJson } from "/static/api.js";
import { Chip, Dialog, Empty, Loaded, Part, advice } from "/static/elements.js";
import { Check, Field } from "/static/forms.js";
import { useLoad } from "/static/load.js";
import { PlanFields, planOf } from "/static/rounds/plan_fields.js";
import { html, useState } from "/static/view.js";
import { duration, plural } from "/static/words.js";

const HOUR = 3600;

/** @param {{model: string, steers: boolean}} props `model` empty: the only target there is */
export function Policy({ model, steers }) {
  const load = useLoad((signal) => get("/api/policy", { model }, signal).catch(nothing), [model]);
  const [changing, setChanging] = useState(false);
  return html`<${Part} title="Policy" aside="when rounds begin by themselves">
    <${Loaded} load=${load} what="The policy" lines=${1} tall=${true}>
      ${(/** @type {any} */ policy) => policy.reason
        ? html`<${Empty} title="There is none"><p>${advice(policy.reason)}</p><//>`
        : html`
        <div class="sheet policy">
          <${Chip} kind=${policy.enabled ? "good" : "idle"}>${policy.enabled ? "on" : "off"}<//>
          <p>${policyWords(policy)}</p>
          ${steers && html`<button type="button" onClick=${() => setChanging(true)}>Change…</button>`}
        </div>
        ${
          changing &&
          html`<${PolicyDialog} policy=${policy} close=${() => setChanging(false)} done=${(/** @type {any} */ now) => {
            setChanging(false);
            load.set(now);
          }} />`
        }
      `}
    <//>
  <//>`;
}

/** Without a target, or with several, it can't be told whose. @param {any} error */
function nothing(error) {
  if (error.status === 404 || error.status === 409) return { reason: error.detail };
  throw error;
}

/** @param {any} policy */
export function policyWords(policy) {
  if (!policy.enabled) return "Rounds begin by hand alone.";
  const when = [
    policy.candidates && `M would have ${plural(policy.candidates, "image")}`,
    policy.seconds && `${duration(policy.seconds)} have passed since the last one ended`,
  ].filter(Boolean);
  const end = policy.rounds ? `, ${plural(policy.rounds, "time")} in a row; one more evaluates only` : "";
  return when.length ? `A round begins once ${when.join(" or ")}${end}.` : "On, but nothing begins a round.";
}

/** @param {{policy: any, close: () => void, done: (policy: any) => void}} props */
function PolicyDialog({ policy, close, done }) {
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    try {
      done(
        await putJson("/api/policy", {
          model: policy.model,
          enabled: form.get("enabled") === "on",
          candidates: Number(form.get("candidates")),
          seconds: Math.round(HOUR * Number(form.get("hours"))),
          rounds: Number(form.get("rounds")),
          plan: planOf(form, policy.plan ?? {}),
        }),
      );
    } catch (error) {
      setProblem(error);
    }
  };
  return html`<${Dialog} title="Policy" close=${close}>
    <form class="fields" onSubmit=${submit}>
      <${Check} label="Rounds begin by themselves" name="enabled" checked=${policy.enabled} />
      <div class="field-grid">
        <${Field} label="At so many images of M" name="candidates" type="number" min="0" value=${policy.candidates}
          note="0: not by that." />
        <${Field} label="Hours after the last" name="hours" type="number" min="0" step="any"
          value=${policy.seconds / HOUR} note="0: not by that." />
        <${Field} label="Rounds in a row" name="rounds" type="number" min="0" value=${policy.rounds}
          note="0: without end." />
      </div>
      <h3>What they do</h3>
      <${PlanFields} plan=${policy.plan ?? {}} wrong=${problem instanceof ApiError ? problem.field : null} />
      ${problem && html`<p class="wrong" role="alert">${advice(problem)}</p>`}
      <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button>
        <button type="submit" class="primary">Keep it</button></div>
    </form>
  <//>`;
}
