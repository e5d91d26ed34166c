// @ts-check
/** What annotator and reviewer say to each other. */

import { act } from "/static/draw/tasks.js";
import { advice } from "/static/elements.js";
import { html, useState } from "/static/view.js";
import { moment } from "/static/words.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */
/** @typedef {import("/static/draw/tasks.js").Message} Message */

/** @param {{task: Task, said: (message: Message) => void}} props */
export function Messages({ task, said }) {
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!text.trim()) return;
    try {
      const answer = await act(task.id, "messages", { text: text.trim() });
      said(answer.message ?? answer);
      setText("");
      setError("");
    } catch (problem) {
      setError(advice(problem));
    }
  };
  return html`<div class="messages">
    ${task.messages.length === 0 && html`<p class="quiet">Nothing was said yet.</p>`}
    <ol>
      ${task.messages.map((item, index) => html`<li key=${index}><p><b>${item.author}</b> <small class="quiet">${moment(item.at)}</small></p><p>${item.text}</p></li>`)}
    </ol>
    <form onSubmit=${send}>
      <label class="field"><span>Message</span>
        <textarea rows="2" maxlength="2000" value=${text} aria-invalid=${error ? "true" : undefined} onInput=${(/** @type {any} */ event) => setText(event.target.value)}></textarea>
      </label>
      ${error && html`<p class="wrong" role="alert">${error}</p>`}
      <button type="submit" class="small">Send</button>
    </form>
  </div>`;
}
