// @ts-check
/** What the page Draw asks before it goes on. */

import { get } from "/static/api.js";
import { act, startOf } from "/static/draw/tasks.js";
import { advice, Dialog } from "/static/elements.js";
import { useShortcuts } from "/static/shortcuts.js";
import { html, useEffect, useMemo, useState } from "/static/view.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */

/**
 * One key picks what the mask is begun from.
 * @param {{task: Task, begun: (start: Awaited<ReturnType<typeof startOf>>) => void, close?: () => void}} props
 */
export function StartPicker({ task, begun, close }) {
  const [competitors, setCompetitors] = useState(/** @type {string[]} */ ([]));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const coming = useMemo(() => competitorsOf(task), [task.id]);
  useEffect(() => void coming.then(setCompetitors), [coming]);
  const pick = async (/** @type {string} */ start, /** @type {string} */ competitor = "") => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      begun(await startOf(task.id, start, competitor));
    } catch (problem) {
      setError(advice(problem));
      setBusy(false);
    }
  };
  const lines = [
    // An image that somebody chose outside a campaign has no target.
    ...(task.target ? [{ key: "t", words: "The target’s map", note: task.target, run: () => pick("target") }] : []),
    { key: "m", words: "What most models say", note: "pixel by pixel", run: () => pick("majority") },
    { key: "e", words: "Empty", note: "background everywhere", run: () => pick("empty") },
    ...competitors.slice(0, 9).map((version, index) => ({ key: String(index + 1), words: task.target ? "A competitor’s map" : "A model’s map", note: version, run: () => pick("competitor", version) })),
  ];
  useShortcuts("Start", [
    ...lines.map((line) => ({ keys: [line.key], label: `${line.words} ${line.note}`, run: line.run })),
    { keys: ["c"], label: "the first competitor’s map", run: () => coming.then(([first]) => first && pick("competitor", first)) },
  ]);
  return html`<${Dialog} title="Begin from" close=${close} class="narrow" keys=${true}>
    <div class="starts" aria-busy=${busy}>
      ${lines.map((line) => html`<button key=${line.note + line.key} type="button" onClick=${line.run}><kbd>${line.key.toUpperCase()}</kbd><span>${line.words}</span><small class="quiet">${line.note}</small></button>`)}
    </div>
    ${close && html`<p class="quiet">What is drawn now is replaced; undo brings it back.</p>`}
    ${error && html`<p class="wrong" role="alert">${error}</p>`}
  <//>`;
}

/** Whose maps there are but the target's. @param {Task} task @returns {Promise<string[]>} */
async function competitorsOf(task) {
  const maps = await get(`/api/images/${task.image_id}/maps`).catch(() => []);
  return maps.map((/** @type {any} */ item) => item.version).filter((/** @type {string} */ version) => version !== task.target);
}

/** Out of domain: the image is taken out, with a reason. @param {{task: Task, sent: (answer: any) => void, close: () => void}} props */
export function SendBack({ task, sent, close }) {
  const [reason, setReason] = useState("");
  const [error, setError] = useState("");
  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!reason.trim()) return setError("Say why: whoever runs the campaign reads it.");
    return act(task.id, "send-back", { reason: reason.trim() }).then(sent, (problem) => setError(advice(problem)));
  };
  return html`<${Dialog} title="Send back as out of domain" close=${close} class="narrow">
    <form class="fields" onSubmit=${send}>
      <p>For a picture that the classes don’t fit: a drawing, a collage, nothing but noise. It leaves the set, and the next in line takes its place.</p>
      <label class="field"><span>Reason</span>
        <textarea rows="3" maxlength="1000" value=${reason} aria-invalid=${error ? "true" : undefined} onInput=${(/** @type {any} */ event) => setReason(event.target.value)}></textarea>
      </label>
      ${error && html`<p class="wrong" role="alert">${error}</p>`}
      <div class="dialog-foot"><button type="button" onClick=${close}>Cancel</button><button type="submit" class="primary">Send back</button></div>
    </form>
  <//>`;
}

/** The mask was saved elsewhere meanwhile. @param {{problem: string, theirs: () => void, mine: () => void}} props */
export function Stale({ problem, theirs, mine }) {
  return html`<${Dialog} title="This mask was saved elsewhere" class="narrow">
    <p>Another window, or somebody else, has saved this mask since you began. Nothing is lost: both stay in its history.</p>
    <p class="quiet">${problem}</p>
    <div class="dialog-foot">
      <button type="button" onClick=${theirs}>Go on from theirs</button>
      <button type="button" class="primary" onClick=${mine}>Save mine as the newest</button>
    </div>
  <//>`;
}
