// @ts-check
/** What can be set, picked and read beside the drawing. */

import { Classes } from "/static/draw/classes.js";
import { Stale, StartPicker } from "/static/draw/dialogs.js";
import { fit, useDrawKeys, zoom } from "/static/draw/keys.js";
import { Side } from "/static/draw/side.js";
import { revisionOf } from "/static/draw/tasks.js";
import { LookBar, Sizes } from "/static/draw/toolbar.js";
import { useEvents } from "/static/draw/watch.js";
import { useSession } from "/static/session.js";
import { html, useEffect, useState } from "/static/view.js";

/** @typedef {import("/static/draw/easel.js").Easel} Easel */
/** @typedef {import("/static/draw/tasks.js").Finding} Finding */

/**
 * @param {{easel: Easel, live: any, begun: boolean, setBegun: (begun: boolean) => void, submit: () => void,
 *   current: number, pick: (finding: Finding) => void}} props
 */
export function Desk({ easel, live, begun, setBegun, submit, current, pick }) {
  const { classes } = useSession().taxonomy;
  const { board, drawing, saver } = easel;
  const [look, setLook] = useState({ opacity: 0.6, outlined: false, hidden: false });
  const [starting, setStarting] = useState(false);
  useEvents(saver, "change");
  useEvents(easel, "places");
  useEffect(() => board.blend("mask", look.hidden ? 0 : seen(look)), [look]);
  useEffect(() => void (look.outlined !== board.outlined && easel.outline(look.outlined)), [look.outlined]);
  const change = (/** @type {Partial<typeof look>} */ part) => setLook((old) => ({ ...old, ...part }));
  const toBoard = () => board.host.focus({ preventScroll: true });
  const start = () => !easel.startsEmpty && setStarting(true);
  const started = (/** @type {any} */ from) => {
    drawing.replace(from.pixels);
    easel.setDisagreements(from.disagreements);
    setStarting(false);
    setBegun(true);
    setTimeout(toBoard);
  };
  const search = () => document.getElementById("class-search")?.focus();
  useDrawKeys(easel, classes, look, { change, start, search, submit });
  const [there, setThere] = useState(false);
  useEffect(() => setThere(true), []); // the question comes after the desk, so that its keys are the newest
  const asking = there && (!begun || starting) && saver.state !== "stale";
  return html`<aside class="desk" aria-label="Tools and task">
    <${Places} easel=${easel} start=${start} />
    <${LookBar} look=${look} change=${change} zoom=${(/** @type {number} */ factor) => zoom(board, factor)} fit=${() => fit(board)} />
    <${Sizes} drawing=${drawing} />
    <${Classes} drawing=${drawing} classes=${classes} done=${toBoard} />
    <${Side} live=${live} drawing=${drawing} classes=${classes} current=${current} pick=${pick} />
    ${asking && html`<${StartPicker} task=${easel.task} begun=${started} close=${begun ? () => setStarting(false) : undefined} />`}
    ${saver.state === "stale" && html`<${Stale} problem=${saver.problem} theirs=${() => takeTheirs(easel)} mine=${() => keepMine(easel)} />`}
  </aside>`;
}

/** @param {{easel: Easel, start: () => void}} props */
function Places({ easel, start }) {
  const { disagreements, place } = easel;
  const words = place >= 0 ? `${place + 1} of ${disagreements.length}` : disagreements.length;
  return html`<div class="row places">
    <button type="button" class="small" disabled=${!disagreements.length} title="Where the models disagree (N)" onClick=${() => easel.next()}>
      Next disagreement ${words ? html`<span class="quiet" role="status">${words}</span>` : ""}
    </button>
    ${!easel.startsEmpty && html`<button type="button" class="small" title="Another map (S)" onClick=${start}>Begin from…</button>`}
  </div>`;
}

/** Lines cover little, so they are seen better than areas. @param {{opacity: number, outlined: boolean}} look */
export function seen({ opacity, outlined }) {
  return outlined ? Math.sqrt(opacity) : opacity;
}

/** @param {Easel} easel */
async function takeTheirs(easel) {
  const last = await revisionOf(easel.task.id);
  easel.put(last.pixels);
  easel.drawing.forget();
  await easel.saver.discard(last.revision);
}

/** @param {Easel} easel */
async function keepMine(easel) {
  await easel.saver.overwrite((await revisionOf(easel.task.id)).revision);
}
