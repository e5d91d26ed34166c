// @ts-check
/** How much the target and its competitors disagree, class by class, and the images where they do most. */

import { get } from "/static/api.js";
import { Empty, Loaded, PageHead, Part, Swatch, Switch } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Ranking } from "/static/pages/ranking.js";
import { ALL } from "/static/rankings/images.js";
import { useSession } from "/static/session.js";
import { useShortcuts } from "/static/shortcuts.js";
import { html, useRef, useState } from "/static/view.js";
import { number, plural } from "/static/words.js";

/** @type {[string, string][]} */
export const DEFENDERS = [
  ["target", "Target sees"],
  ["competitor", "Competitor sees"],
];

/** Rankings that are named beside the matrix. */
const FIRST = 6;

/** The address of a ranking. @param {string} defender @param {string} competitor @param {string} name */
export function addressOf(defender, competitor, name) {
  return `#/rankings/${defender}/${encodeURIComponent(competitor)}/${encodeURIComponent(name)}`;
}

/** @param {{path: string[]}} props */
export function Rankings({ path }) {
  const load = useLoad((signal) => get("/api/matrix", undefined, signal).catch(nothing), []);
  const [images, setImages] = useState(ALL);
  const [defender, competitor, name] = path;
  if (name) {
    return html`<${Loaded} load=${load} what="The rankings" title="Rankings" lines=${3} tall=${true}>
      ${(/** @type {any} */ matrix) => html`<${Ranking} key=${path.join()} matrix=${matrix} defender=${defender}
        competitor=${competitor} name=${name} images=${images} choose=${setImages} />`}
    <//>`;
  }
  return html`
    <${PageHead} title="Rankings">Where the target and its competitors disagree most is where somebody is wrong.<//>
    <${Loaded} load=${load} what="The rankings" lines=${8}>${(/** @type {any} */ matrix) => html`<${Matrix}
      matrix=${matrix} chosen=${defender} />`}<//>
  `;
}

/** Without a contest there is no matrix. @param {any} error */
function nothing(error) {
  if (error.status === 404) return { target: "", cells: [] };
  throw error;
}

/** @param {{matrix: any, chosen?: string}} props */
function Matrix({ matrix, chosen }) {
  const [defender, setDefender] = useState(chosen === "competitor" ? "competitor" : "target");
  useShortcuts("Rankings", [
    {
      keys: ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"],
      shown: "← ↑ ↓ →",
      label: "move over the matrix",
      repeats: true,
      run: focusFirst,
    },
    { keys: ["Enter"], label: "open a ranking", run: () => undefined },
    {
      keys: ["x"],
      label: "the other side",
      run: () => setDefender((now) => (now === "target" ? "competitor" : "target")),
    },
  ]);
  if (!matrix.cells.length) {
    return html`<${Empty} title="Nothing is compared yet">
      <p>Rankings fill as soon as the target and a competitor have both seen an image. <a
        href="#/overview">The overview</a> tells how far they are.</p>
    <//>`;
  }
  return html`<${Part} title="Mean discrepancy" aside=${html`of <strong>${matrix.target}</strong> and each competitor`}>
    <div class="matrix-head">
      <${Switch} label="Whose map says that the class is there" value=${defender} choices=${DEFENDERS}
        choose=${setDefender} />
      <p class="quiet">${
        defender === "target"
          ? "Images in which the target sees the class: it may have found what isn’t there."
          : "Images in which the competitor sees the class: the target may have missed what is."
      }</p>
    </div>
    <div class="matrix">
      <${Heat} cells=${matrix.cells.filter((/** @type {any} */ cell) => cell.defender === defender)}
        defender=${defender} />
      <${First} cells=${matrix.cells} />
    </div>
  <//>`;
}

/** Where it pays most to look. @param {{cells: any[]}} props */
function First({ cells }) {
  const most = cells
    .filter((cell) => cell.images > 0)
    .sort((one, other) => other.mean_discrepancy - one.mean_discrepancy);
  return html`<section class="first" aria-labelledby="first">
    <h3 id="first">Where to look first</h3>
    <ol class="sheet lines">
      ${most.slice(0, FIRST).map(
        (cell) => html`<li key=${cell.competitor + cell.defender + cell.class_name}>
          <span><a href=${addressOf(cell.defender, cell.competitor, cell.class_name)}>${cell.class_name}</a>
            <small class="quiet">${cell.competitor}, ${cell.defender} sees it · ${plural(cell.images, "image")}</small>
              </span>
          <strong>${number(cell.mean_discrepancy, 3)}</strong>
        </li>`,
      )}
    </ol>
  </section>`;
}

function focusFirst() {
  /** @type {HTMLElement | null} */ (document.querySelector(".heat a[tabindex='0']"))?.focus();
}

/** @param {{cells: any[], defender: string}} props */
function Heat({ cells, defender }) {
  const { taxonomy } = useSession();
  const table = useRef(/** @type {HTMLTableElement | null} */ (null));
  const competitors = [...new Set(cells.map((cell) => cell.competitor))];
  const classes = taxonomy.classes.filter((item) => cells.some((cell) => cell.class_name === item.name));
  const [place, setPlace] = useState([0, 0]);
  const most = Math.max(...cells.map((cell) => cell.mean_discrepancy), 0.01);
  const move = (/** @type {KeyboardEvent} */ event) => {
    const step = /** @type {any} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] })[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    const row = Math.min(Math.max(place[0] + step[0], 0), classes.length - 1);
    const column = Math.min(Math.max(place[1] + step[1], 0), competitors.length - 1);
    setPlace([row, column]);
    /** @type {HTMLElement | null} */ (table.current?.querySelector(`[data-place="${row} ${column}"]`))?.focus();
  };
  return html`<div class="scroll">
    <table class="heat" ref=${table} onKeyDown=${move}>
      <caption class="hidden">Mean discrepancy by class and competitor</caption>
      <thead><tr><th scope="col" class="text">Class</th>${competitors.map((name) => html`<th key=${name} scope="col">
        ${name}</th>`)}</tr></thead>
      <tbody>
        ${classes.map(
          (item, row) => html`<tr key=${item.name}>
            <th scope="row"><${Swatch} colour=${item.colour} />${item.name}</th>
            ${competitors.map(
              (
                competitor,
                column,
              ) => html`<${Cell} key=${competitor} place=${`${row} ${column}`}
                current=${place[0] === row && place[1] === column}
              cell=${cells.find((cell) => cell.competitor === competitor && cell.class_name === item.name)}
                defender=${defender} most=${most}
              focused=${() => setPlace([row, column])} />`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** @param {{cell: any, defender: string, place: string, current: boolean, most: number, focused: () => void}} props */
function Cell({ cell, defender, place, current, most, focused }) {
  const some = cell && cell.images > 0;
  const target = some ? addressOf(defender, cell.competitor, cell.class_name) : undefined;
  return html`<td class=${some ? "" : "none"} style=${{ "--heat": some ? cell.mean_discrepancy / most : 0 }}>
    <a href=${target} role=${some ? undefined : "link"} aria-disabled=${some ? undefined : "true"}
      tabindex=${current ? 0 : -1} data-place=${place}
      title=${some ? "Open this ranking" : "No images yet"} onFocus=${focused}>
      <span class="hidden">${cell ? `${cell.class_name}, ${cell.competitor}: ` : ""}</span>
        ${some ? number(cell.mean_discrepancy, 3) : "–"}
      ${some && html` <small>${number(cell.images)}<span class="hidden"> images</span></small>`}
    </a>
  </td>`;
}
