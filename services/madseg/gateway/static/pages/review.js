// @ts-check
/** Review: a mask against prediction and picture, with findings pinned where something is wrong. */

import { CursorWords } from "/static/draw/cursor_words.js";
import { Decision } from "/static/draw/decision.js";
import { seen } from "/static/draw/desk.js";
import { useTask } from "/static/draw/live_task.js";
import { PinForm } from "/static/draw/pin_form.js";
import { Pins } from "/static/draw/pins.js";
import { Layers, Revisions, Talk } from "/static/draw/review_desk.js";
import { useReviewKeys } from "/static/draw/review_keys.js";
import { WORDS, revisionOf, take } from "/static/draw/tasks.js";
import { useEvents } from "/static/draw/watch.js";
import { Viewer, onOriginal } from "/static/draw/viewer.js";
import { Chip, Empty, Loaded, advice } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { mapOf } from "/static/maps.js";
import { useSession } from "/static/session.js";
import { colourOf } from "/static/theme.js";
import { html, useEffect, useRef, useState } from "/static/view.js";
import { short, version } from "/static/words.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */
/** @typedef {import("/static/draw/tasks.js").Finding} Finding */

/** @param {{path?: string[]}} props */
export function Review({ path = [] }) {
  const [note, setNote] = useState("");
  const load = useLoad(() => take("review", path[0]), [path[0]]);
  const next = (/** @type {string} */ words) => {
    setNote(words);
    if (path[0]) location.hash = "#/review";
    else load.again();
  };
  const loaded = !load.loading && load.value !== undefined;
  return html`${!loaded && html`<h1 class="hidden" tabindex="-1">Review</h1>`}
  <${Loaded} load=${load.loading ? { ...load, value: undefined } : load} what="The mask" lines=${6} tall=${true}>
    ${(/** @type {Task | null} */ task) =>
      task ? html`<${Table} key=${task.id} first=${task} note=${note} next=${next} />` : html`<${Nothing} note=${note} again=${load.again} />`}
  <//>`;
}

/** @param {{note: string, again: () => void}} props */
function Nothing({ note, again }) {
  return html`<div class="studio-empty">
    <h1 tabindex="-1">Review</h1>
    ${note && html`<p role="status">${note}</p>`}
    <${Empty} title="There is nothing to review now">
      <p>Masks appear here when somebody else has handed them in.</p>
      <button type="button" onClick=${again}>Look again</button>
    <//>
  </div>`;
}

/** @param {{first: Task, note: string, next: (note: string) => void}} props */
function Table({ first, note, next }) {
  const { taxonomy } = useSession();
  const host = useRef(/** @type {HTMLElement | null} */ (null));
  const [viewer, setViewer] = useState(/** @type {Viewer | null} */ (null));
  const [error, setError] = useState("");
  const [current, setCurrent] = useState(0);
  const [decision, setDecision] = useState(/** @type {"accept" | "send_back" | null} */ (null));
  const live = useTask(first);
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (host.current);
    const made = new Viewer(element, first, taxonomy, colourOf(element, "--hot"));
    setViewer(made);
    if (document.activeElement === document.body) element.focus({ preventScroll: true });
    made.open().catch((problem) => setError(advice(problem)));
    return () => made.close();
  }, [first.id]);
  const pick = (/** @type {Finding} */ finding) => {
    setCurrent(finding.number);
    viewer?.show(finding.place);
  };
  return html`<div class="studio">
    <${Head} task=${live.task} note=${note} error=${error} decide=${setDecision} />
    <div class="studio-body review-body">
      <div class="board-frame">
        <div ref=${host} class="board" tabindex="0" role="application" aria-label="Mask to review" aria-describedby="cursor-words"></div>
        ${viewer && html`<${Pins} board=${viewer.board} findings=${live.task.findings} current=${current} pick=${pick} />
          <${CursorWords} easel=${viewer} classes=${taxonomy.classes} />`}
      </div>
      ${viewer && html`<${Desk} viewer=${viewer} live=${live} current=${current} pick=${pick} decide=${setDecision} failed=${(/** @type {any} */ problem) => setError(advice(problem))} />`}
    </div>
    ${decision && html`<${Decision} task=${live.task} decision=${decision} done=${next} close=${() => setDecision(null)} />`}
  </div>`;
}

/** @param {{task: Task, note: string, error: string, decide: (decision: "accept" | "send_back") => void}} props */
function Head({ task, note, error, decide }) {
  const open = task.findings.filter((finding) => finding.state !== "accepted").length;
  return html`<header class="studio-head">
    <h1 tabindex="-1">Review</h1>
    <p class="about"><span class="code">${short(task.image_id)}</span><${Chip} kind="idle">${WORDS[task.purpose] ?? task.purpose}<//></p>
    <span class="quiet">drawn by ${task.annotator || "somebody"}</span>
    ${note && html`<span class="quiet" role="status">${note}</span>`}
    ${error && html`<span class="wrong" role="alert">${error}</span>`}
    <div class="actions">
      ${open > 0 && html`<span class="quiet">${open} unsettled</span>`}
      <button type="button" title="Send back (B)" onClick=${() => decide("send_back")}>Send back</button>
      <button type="button" class="primary" disabled=${open > 0} title="Accept (A)" onClick=${() => decide("accept")}>Accept</button>
    </div>
  </header>`;
}

/** @param {{viewer: Viewer, live: ReturnType<typeof useTask>, current: number, pick: (finding: Finding) => void, decide: (decision: "accept" | "send_back") => void, failed: (problem: any) => void}} props */
function Desk({ viewer, live, current, pick, decide, failed }) {
  const { task } = live;
  const { board } = viewer;
  const target = task.target ? version(task.target) : null;
  const [look, setLook] = useState(/** @type {import("/static/draw/review_desk.js").ReviewLook} */ ({ shown: "mask", opacity: 0.6, outlined: false, against: "nothing" }));
  const [revision, setRevision] = useState(task.revision);
  const author = useRevision(viewer, task, revision, look.against, target, failed);
  useEvents(viewer, "pin");
  useEffect(() => {
    board.blend("mask", look.shown === "mask" ? seen(look) : 0);
    board.blend("prediction", look.shown === "prediction" ? seen(look) : 0);
    board.blend("differs", look.against === "nothing" ? 0 : 0.7);
  }, [look]);
  useEffect(() => void (look.outlined !== board.outlined && viewer.outline(look.outlined)), [look.outlined]);
  const change = (/** @type {Partial<typeof look>} */ part) => setLook((old) => ({ ...old, ...part }));
  const step = (/** @type {number} */ by) => setRevision((old) => Math.min(Math.max(old + by, 1), task.revision));
  const nextFinding = () => {
    const after = task.findings.find((finding) => finding.number > current) ?? task.findings[0];
    if (after) pick(after);
  };
  const unpin = () => {
    viewer.pinned = null;
    viewer.dispatchEvent(new Event("pin"));
    board.host.focus({ preventScroll: true });
  };
  const accept = () => task.findings.every((finding) => finding.state === "accepted") && decide("accept");
  useReviewKeys(board, look, change, { step, nextFinding, accept, sendBack: () => decide("send_back") });
  return html`<aside class="desk" aria-label="Layers, revisions and findings">
    <${Layers} look=${look} change=${change} board=${board} target=${target} />
    <${Revisions} last=${task.revision} revision=${revision} author=${author} step=${step} look=${look} change=${change} target=${target} />
    <${Talk} live=${live} current=${current} pick=${pick} />
    ${viewer.pinned && html`<${PinForm} task=${task} revision=${revision} place=${viewer.pinned} close=${unpin}
      added=${(/** @type {Finding} */ finding) => (live.changed(finding), unpin())} />`}
  </aside>`;
}

/** Shows a revision, and marks what differs from the prediction or the revision before; returns who drew it. @param {Viewer} viewer @param {Task} task @param {number} revision @param {string} against @param {string | null} target @param {(problem: any) => void} failed */
function useRevision(viewer, task, revision, against, target, failed) {
  const [author, setAuthor] = useState("");
  const [shown, setShown] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    revisionOf(task.id, revision, abort.signal).then((found) => {
      viewer.put("mask", found.pixels);
      setAuthor(found.author);
      setShown(revision);
    }, (problem) => !abort.signal.aborted && failed(problem));
    return () => abort.abort();
  }, [viewer, revision]);
  useEffect(() => {
    if (target) mapOf(task.image_id, target).then((map) => viewer.put("prediction", onOriginal(map, task)), failed);
  }, [viewer]);
  useEffect(() => {
    let late = false;
    other(task, revision, against, target).then((pixels) => late || viewer.compare(pixels), failed);
    return () => void (late = true);
  }, [viewer, shown, against]);
  return author;
}

/** What a revision is compared with. @param {Task} task @param {number} revision @param {string} against @param {string | null} target @returns {Promise<Uint8Array | null>} */
async function other(task, revision, against, target) {
  if (against === "prediction" && target) return onOriginal(await mapOf(task.image_id, target), task);
  if (against === "before" && revision > 1) return (await revisionOf(task.id, revision - 1)).pixels;
  return null;
}
