// @ts-check
/** The keys of the page Draw. */

import { toggleLock } from "/static/draw/classes.js";
import { TOOLS } from "/static/draw/tools.js";
import { useShortcuts } from "/static/shortcuts.js";

/** @typedef {import("/static/draw/easel.js").Easel} Easel */
/** @typedef {import("/static/draw/toolbar.js").Look} Look */

/**
 * @param {Easel} easel @param {{label: number, name: string}[]} classes @param {Look} look
 * @param {{change: (look: Partial<Look>) => void, start: () => void, search: () => void, submit: () => void}} acts
 */
export function useDrawKeys(easel, classes, look, acts) {
  const { drawing, board } = easel;
  useShortcuts("Tools", [
    ...TOOLS.map((tool) => ({ keys: [tool.key], label: tool.words, run: () => drawing.set({ tool }) })),
    { keys: ["["], label: "smaller brush", repeats: true, run: () => drawing.resize(-1) },
    { keys: ["]"], label: "larger brush", repeats: true, run: () => drawing.resize(1) },
    { keys: ["t"], label: "lay the void border", run: () => drawing.border() },
    { keys: ["Enter"], label: "close the polygon", run: () => drawing.close() },
    { keys: ["Backspace"], label: "remove the last corner", repeats: true, run: () => drawing.unset() },
    { keys: ["Escape"], label: "drop polygon or line", run: () => drawing.drop() },
    { keys: ["Mod+z", "u"], label: "undo", repeats: true, run: () => drawing.undo() },
    { keys: ["Mod+Shift+z", "Mod+y"], label: "redo", repeats: true, run: () => drawing.redo() },
  ]);
  useShortcuts("Classes", [
    ...classes.slice(0, 10).map((item, place) => ({ keys: [String(place)], label: item.name, run: () => drawing.set({ label: item.label }) })),
    { keys: ["/"], label: "search a class", run: acts.search },
    { keys: ["c"], label: "the class under the pointer", run: () => easel.under() >= 0 && easel.under() < 255 && drawing.set({ label: easel.under() }) },
    { keys: ["x"], label: "don’t draw over the class under the pointer", run: () => easel.under() >= 0 && toggleLock(drawing, easel.under()) },
    { keys: ["i"], label: "draw only within the class under the pointer", run: () => toggleOnly(easel) },
  ]);
  useShortcuts("Drawing", [
    { keys: ["n"], label: "next place where models disagree", run: () => easel.next() },
    { keys: ["s"], label: "begin from another map", run: acts.start },
    { keys: ["Mod+s"], label: "save now", run: () => easel.saver.flush() },
    { keys: ["Mod+Enter"], label: "hand in for review", run: acts.submit },
    { keys: ["o"], label: "outlines or areas", run: () => acts.change({ outlined: !look.outlined }) },
    { keys: ["q"], label: "picture alone, and back", run: () => acts.change({ hidden: !look.hidden }) },
    { keys: [","], label: "less of the mask", repeats: true, run: () => acts.change({ opacity: Math.max(0, look.opacity - 0.1) }) },
    { keys: ["."], label: "more of the mask", repeats: true, run: () => acts.change({ opacity: Math.min(1, look.opacity + 0.1) }) },
    { keys: ["+", "="], label: "zoom in", repeats: true, run: () => zoom(board, 1.5) },
    { keys: ["-"], label: "zoom out", repeats: true, run: () => zoom(board, 1 / 1.5) },
    { keys: ["w"], label: "all of the picture", run: () => fit(board) },
    // The board itself hears these, while it has the focus.
    { keys: ["(arrows)"], shown: "← → ↑ ↓", label: "move the cursor, with Shift farther", run: () => undefined },
    { keys: ["(space)"], shown: "Space", label: "draw at the cursor; with the mouse: pan", run: () => undefined },
  ]);
}

/** @param {import("/static/draw/board.js").Board} board */
export function fit(board) {
  board.camera.fit();
  board.redraw();
}

/** @param {import("/static/draw/board.js").Board} board @param {number} factor */
export function zoom(board, factor) {
  board.camera.zoom(factor);
  board.redraw();
}

/** @param {Easel} easel */
function toggleOnly(easel) {
  const label = easel.under();
  if (label >= 0) easel.drawing.set({ only: easel.drawing.only === label ? null : label });
}
