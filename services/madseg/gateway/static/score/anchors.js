// @ts-check
/** What each grade means, in words and as a drawn example of a map on a picture. */

import { html } from "/static/view.js";

/** @type {{grade: number, name: string, words: string, bus: string, person: string, stray?: string}[]} */
export const GRADES = [
  {
    grade: 1,
    name: "Bad",
    words: "The map has little to do with the picture.",
    bus: "",
    person: "",
    stray: "M6 4h34l-6 16H10zM70 6c12-4 20 6 16 14s-14 6-18 0zM14 48h30v10H14z",
  },
  {
    grade: 2,
    name: "Poor",
    words: "Large parts are wrong.",
    bus: "M12 18h16l4 24H12z",
    person: "",
    stray: "M40 20h20v24H44zM66 44h24v12H62z",
  },
  {
    grade: 3,
    name: "Fair",
    words: "About as much right as wrong where it matters.",
    bus: "M12 18h32l-5 14 7 10H12z",
    person: "M73 32h12v20H73z",
    stray: "M24 42h24v9H28z",
  },
  {
    grade: 4,
    name: "Good",
    words: "Small faults.",
    bus: "M12 19a5 5 0 0 1 5-5h34a5 5 0 0 1 5 5l3 8-3 15H12z",
    person: "M79 19a5 5 0 0 1 0 11 6 6 0 0 1 6 6v16H73V36a6 6 0 0 1 6-6 5 5 0 0 1 0-11z",
  },
  {
    grade: 5,
    name: "Excellent",
    words: "Nothing worth correcting.",
    bus: "M12 19a5 5 0 0 1 5-5h36a5 5 0 0 1 5 5v23H12z",
    person: "M79 17.5a6 6 0 0 1 3 11 7 7 0 0 1 4 6.500V52H72V35a7 7 0 0 1 4-6.500 6 6 0 0 1 3-11z",
  },
];

/** @param {{anchor: typeof GRADES[number]}} props */
export function Example({ anchor }) {
  return html`<svg class="example" viewBox="0 0 96 60" aria-hidden="true" focusable="false">
    <rect class="example-sky" width="96" height="60" />
    <path class="example-ground" d="M0 40h96v20H0z" />
    <rect class="example-thing" x="12" y="14" width="46" height="28" rx="5" />
    <path class="example-glass" d="M17 19h8v9h-8zM28 19h8v9h-8zM39 19h8v9h-8zM49 19h5v9h-5z" />
    <circle class="example-wheel" cx="22" cy="43" r="4.500" /><circle class="example-wheel" cx="48" cy="43" r="4.500" />
    <circle class="example-head" cx="79" cy="23" r="5.500" /><path class="example-body"
      d="M73 35a6 6 0 0 1 12 0v17H73z" />
    <path class="example-bus" d=${anchor.bus || "M0 0"} /><path class="example-person" d=${anchor.person || "M0 0"} />
    ${anchor.stray && html`<path class=${anchor.grade === 1 ? "example-person" : "example-stray"} d=${anchor.stray} />`}
  </svg>`;
}
