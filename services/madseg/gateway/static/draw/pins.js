// @ts-check
/** Findings as pins on the picture. */

import { WORDS } from "/static/draw/tasks.js";
import { useEvents } from "/static/draw/watch.js";
import { html } from "/static/view.js";

/** @typedef {import("/static/draw/tasks.js").Finding} Finding */

/** @param {{board: import("/static/draw/board.js").Board, findings: Finding[], current?: number, pick: (finding: Finding) => void}} props */
export function Pins({ board, findings, current, pick }) {
  useEvents(board, "drawn");
  return findings.map((finding) => {
    const { x, y } = board.camera.toScreen(finding.place.x + 0.5, finding.place.y + 0.5);
    const { width, height } = board.camera.view;
    const seen = x >= 0 && y >= 0 && x <= width && y <= height;
    const words = `Finding ${finding.number}: ${WORDS[finding.type] ?? finding.type}, ${WORDS[finding.state] ?? finding.state}`;
    return html`<button key=${finding.number} type="button" class=${`pin ${finding.state}`} aria-label=${words} title=${finding.text || words}
      aria-current=${finding.number === current ? "true" : undefined} hidden=${!seen} style=${{ left: `${x}px`, top: `${y}px` }}
      onClick=${() => pick(finding)}>${finding.number}</button>`;
  });
}
