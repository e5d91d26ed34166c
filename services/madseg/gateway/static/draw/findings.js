// @ts-check
/** The list of findings, and what may be done with each. */

import { act, WORDS } from "/static/draw/tasks.js";
import { advice, Chip } from "/static/elements.js";
import { html, useState } from "/static/view.js";

/** @typedef {import("/static/draw/tasks.js").Finding} Finding */
/** @typedef {import("/static/draw/tasks.js").Task} Task */

/** What a role may turn a finding into, and the words on the button. @type {Record<string, Record<string, [string, string][]>>} */
const MOVES = {
  annotator: { open: [["resolved", "Mended"]] },
  reviewer: { open: [["accepted", "Let it be"]], resolved: [["accepted", "Settle"], ["open", "Open again"]] },
};
/** @type {Record<string, "bad" | "busy" | "good">} */
const KINDS = { open: "bad", resolved: "busy", accepted: "good" };

/** @param {{task: Task, role: "annotator" | "reviewer", current?: number, pick: (finding: Finding) => void, changed: (finding: Finding) => void}} props */
export function Findings({ task, role, current, pick, changed }) {
  const [error, setError] = useState("");
  const move = (/** @type {Finding} */ finding, /** @type {string} */ state) =>
    act(task.id, `findings/${finding.number}`, { state }).then(
      () => changed({ ...finding, state }),
      (problem) => setError(advice(problem)),
    );
  if (!task.findings.length) return html`<p class="quiet">${role === "reviewer" ? "Click on the picture to pin what is wrong." : "The reviewer has found nothing yet."}</p>`;
  return html`<ol class="findings">
      ${task.findings.map(
        (finding) => html`<li key=${finding.number} class=${finding.number === current ? "current" : ""}>
          <button type="button" class="finding" onClick=${() => pick(finding)}>
            <b>${finding.number}</b><span>${WORDS[finding.type] ?? finding.type}</span><${Chip} kind=${KINDS[finding.state] ?? "idle"}>${WORDS[finding.state] ?? finding.state}<//>
          </button>
          ${finding.text && html`<p>${finding.text}</p>`}
          <p class="row">
            ${(MOVES[role][finding.state] ?? []).map(
              ([state, words]) => html`<button key=${state} type="button" class="small" aria-label=${`${words}: finding ${finding.number}`} onClick=${() => move(finding, state)}>${words}</button>`,
            )}
            <small class="quiet">${finding.author}, revision ${finding.revision}</small>
          </p>
        </li>`,
      )}
    </ol>
    ${error && html`<p class="wrong" role="alert">${error}</p>`}`;
}
