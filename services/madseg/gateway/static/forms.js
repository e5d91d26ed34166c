// @ts-check
/** Small forms that send something and say what came of it. */

import { advice } from "/static/elements.js";
import { html, useId, useState } from "/static/view.js";

/**
 * @param {{button: string, send: (form: FormData) => Promise<string>, sure?: string, primary?: boolean, children?: any}} props
 *   `send` answers with what was done; `sure` is asked before; `primary`: it is what one came for.
 */
export function Action({ button, send, sure, primary = false, children }) {
  const [state, setState] = useState({ busy: false, asking: false, problem: "", done: "" });
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    if (sure && !state.asking) {
      setState({ busy: false, asking: true, problem: "", done: "" });
      return;
    }
    setState({ busy: true, asking: false, problem: "", done: "" });
    try {
      setState({ busy: false, asking: false, problem: "", done: await send(form) });
    } catch (error) {
      setState({ busy: false, asking: false, problem: advice(error), done: "" });
    }
  };
  const back = () => setState({ ...state, asking: false });
  return html`<form class="fields" onSubmit=${submit}>
    ${children}
    ${state.asking && html`<p role="alert"><strong>${sure}</strong></p>`}
    <div class="actions">
      <button type="submit" class=${state.asking || primary ? "primary" : ""} disabled=${state.busy}>
        ${state.busy ? "One moment…" : state.asking ? `Yes, ${button.charAt(0).toLowerCase()}${button.slice(1)}` : button}</button>
      ${state.asking && html`<button type="button" onClick=${back}>No</button>`}
    </div>
    <p role="status" class="outcome">${state.done}</p>
    ${state.problem && html`<p class="wrong" role="alert">${state.problem}</p>`}
  </form>`;
}

/** @param {Record<string, any> & {label: string, note?: string}} props */
export function Field({ label, note, value = "", ...input }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} ...${input} defaultValue=${value} aria-describedby=${note ? `${id}-note` : undefined} />
    ${note && html`<small id=${`${id}-note`}>${note}</small>`}
  </div>`;
}

/** @param {{label: string, name: string, checked?: boolean}} props */
export function Check({ label, name, checked = false }) {
  return html`<label class="check"><input type="checkbox" name=${name} defaultChecked=${checked} />${label}</label>`;
}
