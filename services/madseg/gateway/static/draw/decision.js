// @ts-check
/** Accept a mask, or send it back to be drawn on. */

import { act } from "/static/draw/tasks.js";
import { Dialog, advice } from "/static/elements.js";
import { html, useState } from "/static/view.js";
import { plural } from "/static/words.js";

/** @param {{task: import("/static/draw/tasks.js").Task, decision: "accept" | "send_back", done: (note: string) => void, close: () => void}} props */
export function Decision({ task, decision, done, close }) {
  const [error, setError] = useState("");
  const open = task.findings.filter((finding) => finding.state === "open").length;
  const accept = decision === "accept";
  const decide = () =>
    act(task.id, "decision", { revision: task.revision, decision }).then(
      () => done(accept ? "Accepted." : "Sent back."),
      (problem) => setError(advice(problem)),
    );
  const words = accept
    ? "Two people agree on this mask then. It is exported and trained on as it is."
    : `${task.annotator || "The annotator"} gets it back with ${open ? plural(open, "open finding") : "no open finding: pin one or write a message first, so that it is clear what to do"}.`;
  return html`<${Dialog} title=${accept ? "Accept this mask?" : "Send this mask back?"} close=${close} class="narrow">
    <p>${words}</p>
    ${error && html`<p class="wrong" role="alert">${error}</p>`}
    <div class="dialog-foot">
      <button type="button" onClick=${close}>Cancel</button>
      <button type="button" class="primary" onClick=${decide}>${accept ? "Accept" : "Send back"}</button>
    </div>
  <//>`;
}
