// @ts-check
/** The steps of a round: their names, how far each is, and whom it waits for. */

import { Chip, Meter } from "/static/elements.js";
import { may, useSession } from "/static/session.js";
import { html } from "/static/view.js";
import { duration, moment, number } from "/static/words.js";

/** Key, name, what happens, and what `done` counts. @type {[string, string, string, string][]} */
export const STEPS = [
  ["mining", "Mine", "The target meets its competitors on every image; M is cut from the rankings.", "images"],
  ["scoring", "Score", "Raters grade M.", "images"],
  ["choosing", "Choose", "T is reserved, then S is cut from the rest.", "images"],
  ["drawing", "Draw", "Masks of T and S are drawn and checked.", "masks"],
  ["evaluating", "Evaluate", "Every version is held against T.", "images"],
  ["training", "Train", "A new version learns from S and is held against the gate.", "steps"],
  ["replaying", "Replay", "The new version competes over all images.", "images"],
];

/** @typedef {{who: string, role: string, what: string, href?: string, words?: string}} Duty */

/** Where people, or madseg itself, have to do something now. @type {Record<string, Duty[]>} */
const DUTIES = {
  mining: [{ who: "madseg", role: "", what: "compares images", href: "#/overview", words: "How far it is" }],
  scoring: [{ who: "Raters", role: "rater", what: "grade the images of M", href: "#/score", words: "Score" }],
  choosing: [{ who: "madseg", role: "", what: "reserves T and cuts S" }],
  drawing: [
    { who: "Annotators", role: "annotator", what: "draw the masks", href: "#/draw", words: "Draw" },
    { who: "Reviewers", role: "reviewer", what: "check the masks of others", href: "#/review", words: "Review" },
  ],
  evaluating: [{ who: "madseg", role: "", what: "holds every version against T" }],
  training: [{ who: "madseg", role: "", what: "trains the new version" }],
  replaying: [{ who: "madseg", role: "", what: "replays the history", href: "#/overview", words: "How far it is" }],
};

/** What an operator is asked, where the round goes on by their word alone. @type {Record<string, string>} */
const ASKED = {
  choosing: "says whether T and S are chosen now",
  training: "says whether the new version is released",
};

/** @param {any} round @returns {Duty[]} */
export function duties(round) {
  if (round.step === "ended") return [];
  if (round.awaits_approval)
    return [{ who: "An operator", role: "operator", what: ASKED[round.step] ?? "lets the round go on" }];
  return DUTIES[round.step] ?? [];
}

/** @param {string} key */
export function stepName(key) {
  return STEPS.find(([name]) => name === key)?.[1] ?? "Ended";
}

/** How it ended, in words, with the mark of a chip. @type {Record<string, ["good" | "bad" | "busy" | "idle", string]>} */
export const OUTCOMES = {
  released: ["good", "released"],
  refused: ["bad", "refused by the gate"],
  evaluated: ["good", "evaluated"],
  cancelled: ["idle", "cancelled"],
  failed: ["bad", "failed"],
};

/** @param {{round: any}} props */
export function OutcomeChip({ round }) {
  if (round.step !== "ended") {
    return html`<${Chip} kind="busy">${round.awaits_approval ? "waits for approval" : "goes on"}<//>`;
  }
  const [kind, words] = OUTCOMES[round.outcome] ?? ["idle", "ended"];
  return html`<${Chip} kind=${kind}>${words}<//>`;
}

/** The way through a round, with times where `times` are wanted. @param {{round: any, times?: boolean}} props */
export function Way({ round, times = false }) {
  const records = new Map(round.steps.map((/** @type {any} */ item) => [item.step, item]));
  return html`<ol class=${times ? "way times" : "way"} aria-label="Steps of the round">
    ${STEPS.map(([key, name, words]) => {
      const record = /** @type {any} */ (records.get(key));
      const state = key === round.step ? "now" : record?.ended_at ? "done" : "ahead";
      return html`<li key=${key} class=${state} aria-current=${state === "now" ? "step" : undefined}>
        <span class="way-name">${name}<span class="hidden">: ${state === "ahead" ? "not begun" : state}</span></span>
        ${times && html`<small class="quiet">${words}</small><small class="way-time">${took(record)}</small>`}
      </li>`;
    })}
  </ol>`;
}

/** @param {any} record */
function took(record) {
  if (!record) return "";
  if (!record.ended_at) return `since ${moment(record.began_at)}`;
  return `${moment(record.began_at)}, ${duration((Date.parse(record.ended_at) - Date.parse(record.began_at)) / 1000)}`;
}

/** How far the step is, and who has to do what now. @param {{round: any}} props */
export function Waiting({ round }) {
  const { me } = useSession();
  if (round.step === "ended") return html`<${Notes} notes=${round.notes} />`;
  const [, name, , unit] = STEPS.find(([key]) => key === round.step) ?? ["", "", "", ""];
  return html`
    ${
      round.total > 0 &&
      html`<${Meter} label=${`${name}: how far it is`} value=${round.done} of=${round.total}
        words=${`${number(round.done)} of ${number(round.total)} ${unit}`} />`
    }
    <ul class="duties" aria-label="Who has to do what now">
      ${duties(round).map(
        (item) => html`<li key=${item.who}><span><strong>${item.who}</strong> ${item.what}</span>
          ${item.href && may(me, ...(item.role ? [item.role] : [])) && html`<a class="button small" href=${item.href}>
            ${item.words}</a>`}</li>`,
      )}
    </ul>
    <${Notes} notes=${round.notes} />
  `;
}

/** @param {{notes: string[]}} props */
function Notes({ notes }) {
  if (!notes.length) return null;
  return html`<ul class="notes">${notes.map((note) => html`<li key=${note}>${note}</li>`)}</ul>`;
}
