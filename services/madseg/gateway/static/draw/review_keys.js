// @ts-check
/** The keys of the page Review. */

import { fit, zoom } from "/static/draw/keys.js";
import { AGAINST } from "/static/draw/review_desk.js";
import { useShortcuts } from "/static/shortcuts.js";

/** @typedef {import("/static/draw/review_desk.js").ReviewLook} ReviewLook */

/**
 * @param {import("/static/draw/board.js").Board} board @param {ReviewLook} look @param {(look: Partial<ReviewLook>) => void} change
 * @param {{step: (by: number) => void, nextFinding: () => void, accept: () => void, sendBack: () => void}} acts
 */
export function useReviewKeys(board, look, change, acts) {
  const turn = () => {
    const at = AGAINST.findIndex(([key]) => key === look.against);
    change({ against: /** @type {any} */ (AGAINST[(at + 1) % AGAINST.length][0]) });
  };
  useShortcuts("Review", [
    { keys: ["n"], label: "next finding", run: acts.nextFinding },
    { keys: ["["], label: "earlier revision", repeats: true, run: () => acts.step(-1) },
    { keys: ["]"], label: "later revision", repeats: true, run: () => acts.step(1) },
    { keys: ["h"], label: "highlight what differs from prediction or revision before", run: turn },
    { keys: ["a"], label: "accept", run: acts.accept },
    { keys: ["b"], label: "send back", run: acts.sendBack },
    { keys: ["(arrows)"], shown: "← → ↑ ↓", label: "move the cursor, with Shift farther", run: () => undefined },
    { keys: ["(enter)"], shown: "Enter", label: "pin a finding at the cursor", run: () => undefined },
  ]);
  useShortcuts("View", [
    { keys: ["m"], label: "mask", run: () => change({ shown: "mask" }) },
    { keys: ["p"], label: "prediction of the target", run: () => change({ shown: "prediction" }) },
    { keys: ["i"], label: "picture alone", run: () => change({ shown: "picture" }) },
    { keys: ["q"], label: "blink: picture or mask", run: () => change({ shown: look.shown === "picture" ? "mask" : "picture" }) },
    { keys: ["o"], label: "outlines or areas", run: () => change({ outlined: !look.outlined }) },
    { keys: [","], label: "less of the labels", repeats: true, run: () => change({ opacity: Math.max(0, look.opacity - 0.1) }) },
    { keys: ["."], label: "more of the labels", repeats: true, run: () => change({ opacity: Math.min(1, look.opacity + 0.1) }) },
    { keys: ["+", "="], label: "zoom in", repeats: true, run: () => zoom(board, 1.5) },
    { keys: ["-"], label: "zoom out", repeats: true, run: () => zoom(board, 1 / 1.5) },
    { keys: ["w"], label: "all of the picture", run: () => fit(board) },
  ]);
}
