// @ts-check
/** Draw: the mask of one picture, from a start to the hand-in. */

import { CursorWords } from "/static/draw/cursor_words.js";
import { Desk } from "/static/draw/desk.js";
import { Easel } from "/static/draw/easel.js";
import { Head } from "/static/draw/head.js";
import { useTask } from "/static/draw/live_task.js";
import { Pins } from "/static/draw/pins.js";
import { act, startOf, take } from "/static/draw/tasks.js";
import { Toolbar } from "/static/draw/toolbar.js";
import { Empty, Failure, Loaded, advice } from "/static/elements.js";
import { useLoad, useOnceBack } from "/static/load.js";
import { useSession } from "/static/session.js";
import { html, useEffect, useRef, useState } from "/static/view.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */
/** @typedef {import("/static/draw/tasks.js").Finding} Finding */

/** @param {{path?: string[]}} props */
export function Draw({ path = [] }) {
  const [note, setNote] = useState("");
  const load = useLoad(() => take("draw", path[0]), [path[0]]);
  const next = (/** @type {string} */ words) => {
    setNote(words);
    if (path[0]) location.hash = "#/draw";
    else load.again();
  };
  const loaded = !load.loading && load.value !== undefined;
  return html`${!loaded && html`<h1 class="hidden" tabindex="-1">Draw</h1>`}
  <${Loaded} load=${load.loading ? { ...load, value: undefined } : load} what="The task" lines=${6} tall=${true}>
    ${(/** @type {Task | null} */ task) =>
      task ? html`<${Studio} key=${task.id} first=${task} note=${note} next=${next} again=${load.again} />` : html`<${Nothing} note=${note} again=${load.again} />`}
  <//>`;
}

/** @param {{note: string, again: () => void}} props */
function Nothing({ note, again }) {
  return html`<div class="studio-empty">
    <h1 tabindex="-1">Draw</h1>
    ${note && html`<p role="status">${note}</p>`}
    <${Empty} title="There is nothing to draw now">
      <p>Tasks appear here when an operator has masks drawn for a campaign.</p>
      <button type="button" onClick=${again}>Look again</button>
    <//>
  </div>`;
}

/** @param {{first: Task, note: string, next: (note: string) => void, again: () => void}} props */
function Studio({ first, note, next, again }) {
  const { taxonomy } = useSession();
  const host = useRef(/** @type {HTMLElement | null} */ (null));
  const [easel, setEasel] = useState(/** @type {Easel | null} */ (null));
  const [begun, setBegun] = useState(/** @type {boolean | null} */ (null)); // null: the mask isn't there yet
  const [broken, setBroken] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [current, setCurrent] = useState(0);
  const live = useTask(first);
  const failed = (/** @type {any} */ problem) => setError(advice(problem));
  useEffect(() => {
    const made = new Easel(/** @type {HTMLElement} */ (host.current), first, taxonomy);
    setEasel(made);
    if (document.activeElement === document.body) made.board.host.focus({ preventScroll: true });
    made.open().then(
      (drawn) => {
        setBegun(drawn || made.startsEmpty);
        if (drawn && !made.startsEmpty) void compare(made);
      },
      (problem) => {
        made.close();
        setBroken(problem);
      },
    );
    return () => made.close();
  }, [first.id]);
  useOnceBack(broken, again);
  const submit = () => easel && begun && handIn(easel).then(() => next("Handed in for review."), failed);
  const pick = (/** @type {Finding} */ finding) => {
    setCurrent(finding.number);
    easel?.board.camera.show(finding.place.x - 60, finding.place.y - 60, 120, 120);
    easel?.board.redraw();
  };
  return html`<div class="studio">
    ${easel && html`<${Head} easel=${easel} task=${live.task} note=${note} error=${error} begun=${begun} failed=${failed} submit=${submit} next=${next} />`}
    ${broken && html`<${Failure} error=${broken} again=${again} what="The mask" />`}
    ${!broken && html`<div class="studio-body">
      ${easel && html`<${Toolbar} drawing=${easel.drawing} />`}
      <div class="board-frame">
        <div ref=${host} class="board" tabindex="0" role="application" aria-label="Mask of the picture" aria-describedby="cursor-words"></div>
        ${easel && html`<${Pins} board=${easel.board} findings=${live.task.findings} current=${current} pick=${pick} />
          <${CursorWords} easel=${easel} classes=${taxonomy.classes} ready=${begun !== null} />`}
      </div>
      ${easel && begun !== null && html`<${Desk} easel=${easel} live=${live} begun=${begun} setBegun=${setBegun} submit=${submit} current=${current} pick=${pick} />`}
    </div>`}
  </div>`;
}

/** Fetches where models disagree. @param {Easel} easel */
async function compare(easel) {
  easel.setDisagreements(await startOf(easel.task.id, "target").then((start) => start.disagreements, () => []));
}

/** Saves what isn't saved, and hands it in. @param {Easel} easel */
async function handIn(easel) {
  if (!easel.saver.revision) easel.saver.changed();
  if (!(await easel.saver.settled())) throw new Error("The mask isn’t saved yet. It is kept here: hand it in once madseg is in reach again.");
  await act(easel.task.id, "submit", { revision: easel.saver.revision });
}
