// @ts-check
/** The newest rounds: where each is, and whom it waits for. */

import { Empty, Meter } from "/static/elements.js";
import { OutcomeChip, duties, stepName } from "/static/rounds/steps.js";
import { html } from "/static/view.js";
import { moment, number, version } from "/static/words.js";

/** @param {{rounds: any[]}} props */
export function RoundLines({ rounds }) {
  if (!rounds.length)
    return html`<${Empty} title="No round yet"><p>Operators start one under <a href="#/rounds">Rounds</a>.</p><//>`;
  return html`<ul class="sheet lines">
    ${rounds.map(
      (round) => html`<li key=${round.id} class="stacked">
        <span class="row"><span><a href=${`#/rounds/${round.id}`}>Round ${number(round.number)}</a>
          <small class="quiet">${version(round.target)}${round.released ? ` → ${version(round.released)}` : ""}, begun
            ${` ${moment(round.created_at)}`}</small></span><${OutcomeChip} round=${round} /></span>
        ${
          round.step !== "ended" &&
          html`<small>${stepName(round.step)}: ${duties(round)
            .map((item) => `${item.who} ${item.what}`)
            .join("; ")}</small>
          ${round.total > 0 && html`<${Meter} label=${`Step of round ${number(round.number)}`} value=${round.done}
            of=${round.total} words=${`${number(round.done)} of ${number(round.total)}`} />`}`
        }
      </li>`,
    )}
  </ul>`;
}
