// @ts-check
/** The line above the drawing: what is drawn, whether it is saved, and where it goes. */

import { SendBack } from "/static/draw/dialogs.js";
import { SaveState } from "/static/draw/save_state.js";
import { WORDS, act } from "/static/draw/tasks.js";
import { Chip } from "/static/elements.js";
import { html, useState } from "/static/view.js";
import { short } from "/static/words.js";

/**
 * @param {{easel: import("/static/draw/easel.js").Easel, task: import("/static/draw/tasks.js").Task, note: string, error: string, begun: boolean | null,
 *   failed: (problem: any) => void, submit: () => void, next: (note: string) => void}} props
 */
export function Head({ easel, task, note, error, begun, failed, submit, next }) {
  const [sending, setSending] = useState(false);
  const giveBack = () => handBack(easel).then(() => next("Given back."), failed);
  const sent = (/** @type {any} */ answer) => {
    const replacement = answer?.replacement_image_id;
    next(replacement ? `Sent back: ${short(replacement)} takes its place.` : "Sent back.");
  };
  return html`<header class="studio-head">
    <h1 tabindex="-1">Draw</h1>
    <p class="about"><span class="code">${short(task.image_id)}</span><${Chip} kind="idle">${WORDS[task.purpose] ?? task.purpose}<//></p>
    <${SaveState} saver=${easel.saver} />
    ${note && html`<span class="quiet" role="status">${note}</span>`}
    ${error && html`<span class="wrong" role="alert">${error}</span>`}
    <div class="actions">
      <button type="button" class="plain" onClick=${giveBack}>Give back</button>
      <button type="button" class="plain" onClick=${() => setSending(true)}>Out of domain…</button>
      <button type="button" class="primary" title="Hand in for review (Ctrl Enter)" disabled=${!begun} onClick=${submit}>Hand in</button>
    </div>
    ${sending && html`<${SendBack} task=${task} sent=${sent} close=${() => setSending(false)} />`}
  </header>`;
}

/** Saves what isn't saved, and gives the task back: whoever goes on with it sees what the server has. @param {import("/static/draw/easel.js").Easel} easel */
async function handBack(easel) {
  if (!(await easel.saver.settled())) throw new Error("The mask isn’t saved yet. It is kept here: give it back once madseg is in reach again.");
  await act(easel.task.id, "return");
}
