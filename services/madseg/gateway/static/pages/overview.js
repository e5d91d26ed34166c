// @ts-check
/** What is running, how fast, how far, and who is at it. */

import { events, get } from "/static/api.js";
import { TimeChart } from "/static/chart.js";
import { Chip, Empty, Figures, Loaded, Meter, PageHead, Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { may, useSession } from "/static/session.js";
import { html, useEffect, useState } from "/static/view.js";
import { duration, moment, number, plural, version } from "/static/words.js";
import { MaskTasks } from "/static/pages/overview_masks.js";
import { RoundLines } from "/static/pages/overview_rounds.js";

export function Overview() {
  const load = useLoad((signal) => get("/api/overview", undefined, signal), []);
  const [live, setLive] = useState(false);
  useEffect(() => events("/api/overview/events", undefined, "overview", load.set, setLive), []);
  const mark = html`<${Chip} kind=${live ? "good" : "idle"}>${live ? "live" : "not live"}<//>`;
  return html`
    <${PageHead} title="Overview" actions=${mark}>What is running, how far it has come, and who is labelling.<//>
    <${Loaded} load=${load} what="The overview" lines=${5} tall=${true}>
      ${(/** @type {any} */ value) => html`<${Content} overview=${value} />`}<//>
  `;
}

/** @param {{overview: any}} props */
function Content({ overview }) {
  const { me } = useSession();
  const seesMasks = may(me, "annotator", "reviewer", "operator");
  return html`
    <${Figures} figures=${figures(overview).slice(0, seesMasks ? 6 : 5)} />
    <div class="running">
      <${Part} title="Throughput" aside="images per second, last hour">
        ${
          overview.images_per_s.length > 1
            ? html`<${TimeChart} points=${overview.images_per_s} label="Images that came through" unit="images/s" />`
            : overview.images
              ? html`<${Empty} title="Not measured yet"><p>The first rate is there in half a minute.</p><//>`
              : html`<${Empty} title="No images yet">
                <p>Send some: <code>madseg ingest folder FOLDER</code>, or POST them to <code>/v1/images</code>.</p>
                  <//>`
        }
      <//>
      <${Part} title="Running"><${Parts} parts=${overview.parts} /><//>
    </div>
    <${Contests} contests=${overview.contests} replays=${overview.replays} />
    <div class="pair">
      <${Part} title="Rounds"><${RoundLines} rounds=${overview.rounds ?? []} /><//>
      <${Part} title="Who is labelling"><${People} people=${overview.people} me=${me} /><//>
    </div>
    <div class="pair">
      <${Part} title="Candidates M"><${Candidates} sets=${overview.candidate_sets} /><//>
      <${Part} title="Scoring"><${Campaigns} campaigns=${overview.campaigns} /><//>
    </div>
    ${seesMasks && html`<${Part} title="Masks"><${MaskTasks} counts=${overview.mask_tasks} /><//>`}
  `;
}

/** @param {any} overview */
function figures(overview) {
  const set = overview.candidate_sets[0];
  const campaign = overview.campaigns[0];
  return [
    { label: "images", value: number(overview.images), note: `${number(overview.random_lane)} in the random lane` },
    {
      label: "records waiting",
      value: number(overview.lag),
      note: overview.lag ? "lag of the selector" : "the selector is up to date",
    },
    {
      label: "dead letters",
      value: number(overview.dead_letters),
      note: "records nobody could read",
      mark: overview.dead_letters ? "alarm" : "",
    },
    { label: "candidates M", value: number(set?.size), note: set ? `cut ${moment(set.cut_at)}` : "not cut yet" },
    {
      label: "counterexamples S",
      value: number(campaign?.plan.counterexamples),
      note: campaign ? stateOf(campaign) : "no campaign yet",
    },
    {
      label: "masks accepted",
      value: number(overview.mask_tasks.accepted ?? 0),
      note: `of ${plural(total(overview.mask_tasks), "task")}`,
    },
  ];
}

/** @param {any} campaign */
function stateOf(campaign) {
  return (
    /** @type {any} */ ({ open: "being scored", scored: "ready to be chosen", closed: "chosen", cancelled: "cancelled" })[campaign.state] ??
    campaign.state
  );
}

/** @param {Record<string, number>} counts */
function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** @param {{parts: any[]}} props */
function Parts({ parts }) {
  return html`<ul class="sheet lines">
    ${parts.map(
      (part) => html`<li key=${part.name}>
        <span><strong>${part.name}</strong>${part.detail && html`<small class=${part.ok ? "quiet" : "wrong"}>
          ${part.detail}</small>`}</span>
        <${Chip} kind=${part.ok ? "good" : "bad"}>${part.ok ? "running" : "not answering"}<//>
      </li>`,
    )}
  </ul>`;
}

/** @param {{contests: any[], replays: any[]}} props */
function Contests({ contests, replays }) {
  if (!contests.length) {
    return html`<${Part} title="Contests">
      <${Empty} title="No contest yet">
        <p>A contest begins with a target and one competitor: <code>madseg model add</code>.</p><//>
    <//>`;
  }
  const replay = (/** @type {string} */ name) => replays.find((item) => version(item.version) === name);
  return html`<${Part} title="Contests" aside="the target against each competitor">
    <div class="scroll" tabindex="0" role="region" aria-label="Table of the contests">
      <table class="contests">
        <thead>
          <tr><th scope="col" class="text">Target</th><th scope="col" class="text">Competitor</th>
            <th scope="col" class="text">State</th><th scope="col" class="text">Compared</th>
              <th scope="col">Missing</th><th scope="col">Failed</th><th scope="col">Time left</th></tr>
        </thead>
        <tbody>
          ${contests.map((item) => html`<${Contest} key=${version(item.target) + version(item.competitor)}
            contest=${item} replay=${replay(version(item.competitor)) ?? replay(version(item.target))} />`)}
        </tbody>
      </table>
    </div>
  <//>`;
}

/** @param {{contest: any, replay: any}} props */
function Contest({ contest, replay }) {
  const all = contest.compared + contest.failed + contest.missing;
  const kind = { complete: "good", filling: "busy", retired: "idle" }[/** @type {string} */ (contest.state)] ?? "idle";
  const left = !contest.missing ? "" : replay?.seconds_left ? duration(replay.seconds_left) : "waiting";
  return html`<tr>
    <th scope="row">${version(contest.target)}</th>
    <td class="text">${version(contest.competitor)}</td>
    <td class="text"><${Chip} kind=${kind}>${contest.state}<//></td>
    <td class="text wide"><${Meter} label=${`Compared with ${version(contest.competitor)}`}
      value=${contest.compared + contest.failed} of=${all} words=${plural(contest.compared, "image")} /></td>
    <td>${number(contest.missing)}</td>
    <td>${number(contest.failed)}</td>
    <td>${left}${replay?.images_per_second && contest.missing ? html`<small class="quiet">
      ${number(replay.images_per_second, 1)}/s</small>` : ""}</td>
  </tr>`;
}

/** @param {{sets: any[]}} props */
function Candidates({ sets }) {
  if (!sets.length)
    return html`<${Empty} title="Nothing is cut yet"><p>Operators cut M from the rankings under Raters.</p><//>`;
  return html`<ul class="sheet lines">
    ${sets.slice(0, 5).map(
      (set) => html`<li key=${set.id}>
        <span><strong>${plural(set.size, "image")}</strong><small
          class="quiet">top ${number(set.per_ranking)} of each ranking${set.note ? ` · ${set.note}` : ""}</small></span>
        <span class="quiet">${moment(set.cut_at)}</span>
      </li>`,
    )}
  </ul>`;
}

/** @param {{campaigns: any[]}} props */
function Campaigns({ campaigns }) {
  if (!campaigns.length)
    return html`<${Empty} title="No campaign yet"><p>Operators open one over a set of candidates under Raters.</p><//>`;
  return html`<ul class="sheet lines">
    ${campaigns.slice(0, 5).map(
      (item) => html`<li key=${item.id} class="stacked">
        <span class="row"><strong>${item.note || version(item.target)}</strong>
          <${Chip} kind=${item.state === "open" ? "busy" : "good"}>${stateOf(item)}<//></span>
        <${Meter} label=${`Images finished in ${item.note || "the campaign"}`} value=${item.finished} of=${item.images}
          words=${`${number(item.finished)} of ${plural(item.images, "image")} · ${number(item.grades)} grades · ${number(item.vetoed)} vetoed`} />
      </li>`,
    )}
  </ul>`;
}

/** @param {{people: any[], me: any}} props */
function People({ people, me }) {
  if (!people.length) return html`<${Empty} title="Nobody is labelling now" />`;
  return html`<ul class="sheet lines">
    ${people.map(
      (person) => html`<li key=${person.name + person.doing}>
        <strong>${person.name}${person.name === me.name ? html` <span class="quiet">(you)</span>` : ""}</strong>
          <span class="quiet">${person.doing}</span>
      </li>`,
    )}
  </ul>`;
}
