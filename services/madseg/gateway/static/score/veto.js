// @ts-check
/** Why an image is out of domain. */

import { Dialog } from "/static/elements.js";
import { html, useState } from "/static/view.js";

/** @type {[string, string, string][]} */
export const REASONS = [
  ["no_class", "None of our classes", "Nothing in it belongs to a class of the taxonomy."],
  ["corrupt", "Broken picture", "Blank, garbled or unreadable."],
  ["inappropriate", "Inappropriate", "It must not be shown to people."],
  ["other", "Something else", "Say what, in words."],
];

/** @param {{give: (veto: {reason: string, text: string}) => void, close: () => void}} props */
export function VetoDialog({ give, close }) {
  const [reason, setReason] = useState("");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!reason) setProblem("Choose a reason.");
    else if (reason === "other" && !text.trim()) setProblem("Say in words what is wrong with the image.");
    else give({ reason, text: text.trim() });
  };
  const pick = (/** @type {KeyboardEvent} */ event) => {
    const chosen = REASONS[Number(event.key) - 1];
    if (!chosen || event.target instanceof HTMLTextAreaElement) return;
    event.preventDefault();
    setReason(chosen[0]);
    document.getElementById(`veto-${chosen[0]}`)?.focus();
  };
  return html`<${Dialog} title="Veto: out of domain" close=${close} class="narrow">
    <p class="quiet">One veto removes the image for everybody. To call the map bad, give it a 1 instead.</p>
    <form class="fields" onSubmit=${submit} onKeyDown=${pick}>
      <fieldset class="reasons-of-veto">
        <legend class="hidden">Reason</legend>
        ${REASONS.map(
          ([key, name, words], index) => html`<label key=${key} class="choice">
            <input type="radio" name="reason" id=${`veto-${key}`} checked=${reason === key}
              onChange=${() => setReason(key)} autofocus=${index === 0} />
            <span><strong>${name}</strong> <small class="quiet">${words}</small></span><kbd>${index + 1}</kbd>
          </label>`,
        )}
      </fieldset>
      <label class="field"><span>In words${reason === "other" ? "" : " (if it helps)"}</span>
        <textarea rows="2" maxlength="1000" value=${text}
          onInput=${(/** @type {any} */ event) => setText(event.target.value)}
          aria-invalid=${problem && reason === "other" ? "true" : undefined}></textarea></label>
      ${problem && html`<p class="wrong" role="alert">${problem}</p>`}
      <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button>
        <button type="submit" class="primary">Veto</button></div>
    </form>
  <//>`;
}
