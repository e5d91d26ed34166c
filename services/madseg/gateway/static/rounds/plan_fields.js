// @ts-check
/** The fields of a round's plan, shared by those who start one and those who set the policy. */

import { Check, Field } from "/static/forms.js";
import { html } from "/static/view.js";

/** Name, label, default, least, most. @type {[string, string, number, number, number][]} */
const SIZES = [
  ["per_ranking", "Images per ranking", 25, 1, 1000],
  ["raters", "Raters per image", 3, 1, 50],
  ["counterexamples", "Images of S", 100, 1, 10000],
  ["test_reserved", "Images reserved for T", 40, 0, 10000],
  ["test_reported", "Images of T reported", 30, 0, 10000],
  ["double_share", "Masks drawn twice, in %", 5, 0, 100],
];

/** @param {any} plan */
function sizesOf(plan) {
  const double = plan.double_share === undefined || plan.double_share === null ? undefined : 100 * plan.double_share;
  return { ...plan.campaign, per_ranking: plan.per_ranking, double_share: double };
}

/** @param {{plan: any, wrong?: string | null}} props */
export function PlanFields({ plan, wrong = null }) {
  const sizes = sizesOf(plan);
  const training = plan.training ?? {};
  const mark = (/** @type {string} */ name) => (wrong?.endsWith(name) ? "true" : undefined);
  return html`
    <div class="field-grid">${SIZES.map(
      ([name, label, value, least, most]) => html`<${Field} key=${name} label=${label} name=${name} type="number"
        min=${least} max=${most} step=${name === "double_share" ? "any" : "1"} value=${sizes[name] ?? value}
        aria-invalid=${mark(name)} />`,
    )}</div>
    <${Check} label="Adaptive: stop asking about images that can’t come into S any more" name="adaptive"
      checked=${sizes.adaptive ?? false} />
    <${Field} label="Annotators" name="annotators" value=${(plan.annotators ?? []).join(", ")}
      note="Names with commas between; empty: whoever takes a task." />
    <div class="field-grid wide">
      <${Field} label="Folder of T0" name="t0" value=${training.t0 ?? ""} aria-invalid=${mark("t0")}
        note="pictures/ and masks/, as the fine-tune service sees them; the new version is judged on it." />
      <${Field} label="Folder of S0" name="s0" value=${training.s0 ?? ""} aria-invalid=${mark("s0")}
        note="The old training set, the same way; empty: S alone." />
    </div>
    <label class="field"><span>Recipe</span><select name="recipe" defaultValue=${training.recipe || "modern"}>
      ${["modern", "paper2021"].map(
        (name) => html`<option key=${name} value=${name} selected=${(training.recipe || "modern") === name}>
          ${name}</option>`,
      )}
    </select></label>
    <fieldset class="checks"><legend>Wait for an operator’s word</legend>
      <${Check} label="before T and S are chosen" name="approve_choice" checked=${plan.approve_choice ?? false} />
      <${Check} label="before a new version is released" name="approve_release"
        checked=${plan.approve_release ?? false} />
    </fieldset>
  `;
}

/**
 * The plan that a form says; what it has no field for stays as it was.
 * @param {FormData} form @param {any} before
 */
export function planOf(form, before) {
  const whole = (/** @type {string} */ name) => Number(form.get(name));
  const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
  const campaign = ["raters", "counterexamples", "test_reserved", "test_reported"];
  return {
    ...before,
    per_ranking: whole("per_ranking"),
    campaign: {
      ...before.campaign,
      seed: exact(before.campaign?.seed),
      ...Object.fromEntries(campaign.map((name) => [name, whole(name)])),
      adaptive: form.get("adaptive") === "on",
    },
    annotators: text("annotators")
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
    double_share: whole("double_share") / 100,
    training: { ...trained(before.training), s0: text("s0"), t0: text("t0"), recipe: text("recipe") },
    approve_choice: form.get("approve_choice") === "on",
    approve_release: form.get("approve_release") === "on",
  };
}

/** A seed beyond what these numbers hold is left to the service. @param {number | undefined} seed */
function exact(seed) {
  return Number.isSafeInteger(seed) ? seed : undefined;
}

/** What of a run's plan is not the round's own to say. @param {any} training */
function trained(training) {
  const { changes = {}, bounds = {}, seed = 0 } = training ?? {};
  return { changes, bounds, seed: exact(seed) ?? 0 };
}
