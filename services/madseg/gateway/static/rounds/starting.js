// @ts-check
/** Starting a round. */

import { ApiError, post } from "/static/api.js";
import { Dialog, advice } from "/static/elements.js";
import { Check, Field } from "/static/forms.js";
import { PlanFields, planOf } from "/static/rounds/plan_fields.js";
import { html, useMemo, useState } from "/static/view.js";

/** @param {{model: string, plan: any, close: () => void, done: (round: any) => void}} props */
export function StartDialog({ model, plan, close, done }) {
  const [state, setState] = useState(/** @type {{busy: boolean, problem: any}} */ ({ busy: false, problem: null }));
  // The same for every try of this form: a second try begins no second round.
  const key = useMemo(
    () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    [],
  );
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setState({ busy: true, problem: null });
    try {
      const wanted = { ...planOf(form, plan), evaluate_only: form.get("evaluate_only") === "on" };
      done(await post("/api/rounds", { model: form.get("model"), plan: wanted, idempotency_key: key }));
    } catch (error) {
      setState({ busy: false, problem: error });
    }
  };
  const wrong = state.problem instanceof ApiError ? state.problem.field : null;
  return html`<${Dialog} title="Start a round" close=${close}>
    <form class="fields" onSubmit=${submit}>
      <${Field} label="Target’s model" name="model" value=${model} maxlength="63" note="Empty: the only target there is." />
      <${PlanFields} plan=${plan} wrong=${wrong} />
      <${Check} label="Evaluate only: end once T is evaluated, train nothing" name="evaluate_only" />
      ${state.problem && html`<p class="wrong" role="alert">${advice(state.problem)}</p>`}
      <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button>
        <button type="submit" class="primary" disabled=${state.busy}>
          ${state.busy ? "One moment…" : "Start it"}</button></div>
    </form>
  <//>`;
}
