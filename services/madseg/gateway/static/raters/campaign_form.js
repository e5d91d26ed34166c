// @ts-check
/** Opening a campaign: over which candidates, and how it is to be run. */

import { ApiError, post } from "/static/api.js";
import { Dialog, advice } from "/static/elements.js";
import { Check, Field } from "/static/forms.js";
import { html, useMemo, useState } from "/static/view.js";
import { moment, plural } from "/static/words.js";

/** Whole numbers of the plan: name, label, least, most. @type {[string, string, number, number][]} */
const NUMBERS = [
  ["raters", "Raters per image", 1, 50],
  ["counterexamples", "Images of S", 1, 10000],
  ["test_reserved", "Images reserved for T", 0, 10000],
  ["test_reported", "Images of T reported", 0, 10000],
  ["test_per_class", "Of T with one main class", 1, 10000],
];

/** Of M, S takes a third at most and T an eighth: enough is left for S to be the worst of. @param {number} size */
export function sizesFor(size) {
  const reserved = Math.min(40, Math.floor(size / 8));
  return {
    raters: 3,
    counterexamples: Math.max(1, Math.min(100, Math.floor(size / 3))),
    test_reserved: reserved,
    test_reported: Math.min(30, Math.ceil(0.75 * reserved)),
    test_per_class: 4,
  };
}

/** @param {{sets: any[], close: () => void, done: () => void}} props */
export function CampaignForm({ sets, close, done }) {
  const [problem, setProblem] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const [chosen, setChosen] = useState(sets[0]);
  const sizes = /** @type {Record<string, number>} */ (sizesFor(chosen.size));
  // The same for every try of this form: a second try opens no second campaign.
  const key = useMemo(
    () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    [],
  );
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setBusy(true);
    try {
      await post("/api/campaigns", {
        candidate_set_id: form.get("set"),
        note: form.get("note"),
        idempotency_key: key,
        plan: plan(form),
      });
      done();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return html`<${Dialog} title="Open a campaign" close=${close}>
    <form class="fields" onSubmit=${submit}>
      <label class="field"><span>Candidates</span><select name="set"
        onChange=${(/** @type {any} */ event) => setChosen(sets.find((set) => set.id === event.target.value))}>
        ${sets.map((set) => html`<option key=${set.id} value=${set.id}>
          ${moment(set.cut_at)}: ${plural(set.size, "image")}${set.note ? `, ${set.note}` : ""}</option>`)}
      </select></label>
      <div class="field-grid">${NUMBERS.map(
        ([
          name,
          label,
          least,
          most,
        ]) => html`<${Field} key=${chosen.id + name} label=${label} name=${name} type="number" min=${least} max=${most}
          value=${sizes[name]}
        aria-invalid=${problem instanceof ApiError && problem.field?.endsWith(name) ? "true" : undefined} />`,
      )}</div>
      <${Check} label="Adaptive: stop asking about images that can’t come into S any more" name="adaptive" />
      <${Field} label="Note" name="note" maxlength="2000" />
      ${problem && html`<p class="wrong" role="alert">${advice(problem)}</p>`}
      <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button>
        <button type="submit" class="primary" disabled=${busy}>Open it</button></div>
    </form>
  <//>`;
}

/** @param {FormData} form */
function plan(form) {
  const whole = Object.fromEntries(NUMBERS.map(([name]) => [name, Number(form.get(name))]));
  return { ...whole, adaptive: form.get("adaptive") === "on" };
}
