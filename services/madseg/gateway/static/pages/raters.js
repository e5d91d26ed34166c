// @ts-check
/** How the raters judge and agree, what it costs, and, for operators, what happens next. */

import { events, get, getAll } from "/static/api.js";
import { Chip, Empty, Figures, Loaded, Meter, PageHead, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Costs } from "/static/raters/costs.js";
import { Opinions } from "/static/raters/opinions.js";
import { RaterTable } from "/static/raters/rater_table.js";
import { Sets } from "/static/raters/sets.js";
import { Steering } from "/static/raters/steering.js";
import { Vetoes } from "/static/raters/vetoes.js";
import { may, useSession } from "/static/session.js";
import { html, useEffect, useState } from "/static/view.js";
import { moment, number, percent, plural, version } from "/static/words.js";

/** @param {{path: string[]}} props */
export function Raters({ path }) {
  const { me } = useSession();
  const load = useLoad((signal) => getAll("/api/campaigns", "campaigns", signal), []);
  const steers = may(me, "operator");
  return html`<${Loaded} load=${load} what="The campaigns" title="Raters and agreement" lines=${4} tall=${true}>
    ${(/** @type {any[]} */ campaigns) => {
      const campaign = campaigns.find((item) => item.id === path[0]) ?? campaigns[0];
      if (campaign)
        return html`<${Campaign} key=${campaign.id} first=${campaign} all=${campaigns} again=${load.again} />`;
      return html`
        <${PageHead} title="Raters and agreement" />
        <${Empty} title="No campaign yet"><p>
          ${steers ? "Cut the candidates and open one below." : "An operator opens one over a set of candidates."}</p>
            <//>
        ${steers && html`<${Steering} campaign=${null} changed=${load.again} />`}
      `;
    }}
  <//>`;
}

/** @param {{first: any, all: any[], again: () => void}} props */
function Campaign({ first, all, again }) {
  const { me } = useSession();
  const [campaign, setCampaign] = useState(first);
  useEffect(
    () => events(`/api/campaigns/${first.id}/events`, undefined, "campaign", (now) => setCampaign(now.campaign ?? now)),
    [],
  );
  const steers = may(me, "operator");
  const pick =
    all.length > 1 &&
    html`<label class="inline">Campaign <select value=${first.id}
      onChange=${(/** @type {any} */ event) => (location.hash = `#/raters/${event.target.value}`)}>
    ${all.map((item) => html`<option key=${item.id} value=${item.id}>
      ${item.note || version(item.target)}, ${moment(item.created_at)}</option>`)}
  </select></label>`;
  return html`
    <${PageHead} title="Raters and agreement" actions=${pick}>
      ${campaign.note ? html`<strong>
        ${campaign.note}</strong>: ` : ""}${version(campaign.target)}, opened ${moment(campaign.created_at)}, ${plural(campaign.plan.raters, "rater")} an image${campaign.plan.adaptive ? ", adaptive" : ""}.
    <//>
    <div class="sheet campaign-state">
      <${Chip} kind=${campaign.state === "open" ? "busy" : "good"}>${STATES[campaign.state] ?? campaign.state}<//>
      <${Meter} label="Images finished" value=${campaign.finished} of=${campaign.images}
        words=${`${number(campaign.finished)} of ${plural(campaign.images, "image")} finished · ${number(campaign.grades)} of ${number(campaign.grades_wanted)} grades · ${number(campaign.vetoed)} vetoed · ${number(campaign.carried)} grades carried over`} />
      <span class="quiet">
        ${campaign.active.length ? `${campaign.active.join(", ")} at work` : "Nobody is at work"}</span>
    </div>
    <${Agreement} campaign=${campaign} />
    <${Part} title="Vetoes" aside="newest first"><${Vetoes} campaign=${campaign.id} steers=${steers} /><//>
    <${Opinions} campaign=${campaign.id} />
    ${campaign.state === "closed" && html`<${Sets} campaign=${campaign.id} />`}
    ${steers && html`<${Steering} campaign=${campaign} changed=${again} />`}
  `;
}

/** @type {Record<string, string>} */
const STATES = { open: "being scored", scored: "ready to be chosen", closed: "S and T chosen" };

/** @param {{campaign: any}} props */
function Agreement({ campaign }) {
  // Anew with every hundred grades: it counts over all of them.
  const load = useLoad(
    (signal) => get(`/api/campaigns/${campaign.id}/agreement`, undefined, signal),
    [campaign.id, Math.floor(campaign.grades / 100)],
  );
  const ceiling = useLoad(
    (signal) => get("/api/ceiling", { campaign_id: campaign.id }, signal).catch(() => null),
    [campaign.id],
  );
  return html`<${Loaded} load=${load} what="The agreement" lines=${3} tall=${true}>
    ${(/** @type {any} */ value) => html`
      <${Part} title="Agreement"><${Figures} figures=${figures(value, campaign, ceiling.value)} /><//>
      <${Part} title="What it costs" aside="hours of people’s work"><${Costs} agreement=${value} /><//>
      <${Part} title="Raters" aside="bias and inconsistency in grades, as ITU-T P.913 estimates them">
        ${value.raters.length ? html`<${RaterTable} raters=${value.raters} />` : html`<${Empty}
          title="Nobody has judged anything yet" />`}
      <//>
    `}
  <//>`;
}

/** @param {any} value @param {any} campaign @param {any} ceiling */
function figures(value, campaign, ceiling) {
  const saved = campaign.grades_wanted ? value.grades_saved / campaign.grades_wanted : null;
  return [
    {
      label: "Krippendorff’s alpha",
      value: number(value.alpha, 2),
      note:
        value.alpha === null ? "too little overlaps yet" : `${strength(value.alpha)}, ${plural(value.images, "image")}`,
    },
    { label: "raters", value: number(value.raters.length), note: `${number(campaign.grades)} grades` },
    {
      label: "vetoed",
      value: percent(campaign.images ? campaign.vetoed / campaign.images : null, 1),
      note: plural(campaign.vetoed, "image"),
    },
    {
      label: "grades saved",
      value: number(value.grades_saved),
      note: campaign.plan.adaptive ? `${percent(saved)} of a full rating` : "not adaptive",
    },
    { label: "vetoes missed", value: number(value.vetoes_missed, 1), note: "expected, by stopping early" },
    {
      label: "human ceiling",
      value: number(ceiling?.images ? ceiling.mean_iou : null, 3),
      note: ceiling?.images ? `mIoU of ${plural(ceiling.images, "double mask")}` : "no mask is drawn twice yet",
    },
  ];
}

/** The customary words for alpha. @param {number} alpha */
function strength(alpha) {
  return alpha >= 0.8 ? "good" : alpha >= 0.667 ? "acceptable" : "low";
}
