// @ts-check
/** What a reviewer sees and does beside the picture: layers, revisions, findings, messages. */

import { Findings } from "/static/draw/findings.js";
import { fit, zoom } from "/static/draw/keys.js";
import { Messages } from "/static/draw/messages.js";
import { Part, Switch } from "/static/elements.js";
import { html } from "/static/view.js";

/** @typedef {{shown: "mask" | "prediction" | "picture", opacity: number, outlined: boolean, against: "nothing" | "prediction" | "before"}} ReviewLook */

export const SHOWN = [["mask", "Mask"], ["prediction", "Prediction"], ["picture", "Picture"]];
export const AGAINST = [["nothing", "Nothing"], ["prediction", "Prediction"], ["before", "Revision before"]];

/** @param {{look: ReviewLook, change: (look: Partial<ReviewLook>) => void, board: import("/static/draw/board.js").Board, target: string | null}} props */
export function Layers({ look, change, board, target }) {
  return html`<div class="layers-bar">
    <${Switch} label="Over the picture" value=${look.shown} choices=${target ? SHOWN : SHOWN.filter(([key]) => key !== "prediction")} choose=${(/** @type {any} */ shown) => change({ shown })} />
    <div class="lookbar" role="group" aria-label="View">
      <label class="slider"><span>Blend</span>
        <input type="range" aria-label="Blend of picture and labels" min="0" max="100" value=${Math.round(100 * look.opacity)}
          onInput=${(/** @type {any} */ event) => change({ opacity: Number(event.target.value) / 100 })} />
      </label>
      <button type="button" class="small" aria-pressed=${look.outlined} title="Outlines (O)" onClick=${() => change({ outlined: !look.outlined })}>Outlines</button>
      <span class="zooms">
        <button type="button" class="small" aria-label="Zoom out" title="Zoom out (−)" onClick=${() => zoom(board, 1 / 1.5)}>−</button>
        <button type="button" class="small" title="All of the picture (W)" onClick=${() => fit(board)}>Fit</button>
        <button type="button" class="small" aria-label="Zoom in" title="Zoom in (+)" onClick=${() => zoom(board, 1.5)}>+</button>
      </span>
    </div>
  </div>`;
}

/** @param {{last: number, revision: number, author: string, step: (by: number) => void, look: ReviewLook, change: (look: Partial<ReviewLook>) => void, target: string | null}} props */
export function Revisions({ last, revision, author, step, look, change, target }) {
  return html`<section class="revisions" aria-label="Revisions">
    <div class="row">
      <button type="button" class="small" aria-label="Earlier revision" title="Earlier ([)" disabled=${revision <= 1} onClick=${() => step(-1)}>←</button>
      <span role="status">Revision <b>${revision}</b> of ${last}${author && html`<span class="quiet"> by ${author}</span>`}</span>
      <button type="button" class="small" aria-label="Later revision" title="Later (])" disabled=${revision >= last} onClick=${() => step(1)}>→</button>
    </div>
    <label class="inline only">Highlight what differs from
      <select value=${look.against} onChange=${(/** @type {any} */ event) => change({ against: event.target.value })}>
        ${AGAINST.filter(([key]) => target || key !== "prediction").map(([key, words]) => html`<option key=${key} value=${key} disabled=${key === "before" && revision <= 1}>${words}</option>`)}
      </select>
    </label>
  </section>`;
}

/** @param {{live: ReturnType<typeof import("/static/draw/live_task.js").useTask>, current: number, pick: (finding: any) => void}} props */
export function Talk({ live, current, pick }) {
  return html`<${Part} title="Findings"><${Findings} task=${live.task} role="reviewer" current=${current} pick=${pick} changed=${live.changed} /><//>
    <${Part} title="Messages"><${Messages} task=${live.task} said=${live.said} /><//>`;
}
