// @ts-check
/** A rater grades the target's label maps, one image after the other. */

import { getAll } from "/static/api.js";
import { Empty, Failure, Loaded, Meter, PageHead, Switch } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { GRADES } from "/static/score/anchors.js";
import { Finished, Grades, Legend, Notices } from "/static/score/panels.js";
import { Rating } from "/static/score/rating.js";
import { VetoDialog } from "/static/score/veto.js";
import { Viewing } from "/static/score/viewing.js";
import { useSession } from "/static/session.js";
import { useShortcuts } from "/static/shortcuts.js";
import { html, useEffect, useMemo, useRef, useState } from "/static/view.js";
import { number } from "/static/words.js";

/** Kept between visits: how the map is drawn. */
const STYLE_KEY = "madseg.score.style";

/** @param {{path: string[]}} props */
export function Score({ path }) {
  const load = useLoad((signal) => getAll("/api/campaigns", "campaigns", signal), []);
  return html`<${Loaded} load=${load} what="The campaigns" title="Score" lines=${3} tall=${true}>
    ${(/** @type {any[]} */ campaigns) => {
      const open = campaigns.filter((item) => item.state === "open");
      const campaign = open.find((item) => item.id === path[0]) ?? open[0];
      return campaign
        ? html`<${Judging} key=${campaign.id} campaign=${campaign} open=${open} />`
        : html`<${PageHead} title="Score" /><${Empty} title="There is nothing to score now">
            <p>No campaign is open. An operator opens one over a set of candidates.</p>
              <button type="button" onClick=${load.again}>Look again</button>
          <//>`;
    }}
  <//>`;
}

/** @param {{campaign: any, open: any[]}} props */
function Judging({ campaign, open }) {
  const rating = useRating(campaign.id);
  const { taxonomy } = useSession();
  const [style, setStyle] = useState(
    /** @type {"fill" | "outline"} */ (localStorage.getItem(STYLE_KEY) === "outline" ? "outline" : "fill"),
  );
  const [bare, setBare] = useState(false);
  const [vetoing, setVetoing] = useState(false);
  const since = useRef(0);
  const item = rating.current;
  const seen = (item?.views?.seen ?? [])
    .map(([label]) => taxonomy.classes.find((one) => one.label === label))
    .filter((one) => one && one.label !== taxonomy.background);

  const judge = (/** @type {Record<string, unknown>} */ judgement, /** @type {Event} */ event) => {
    if (!rating.takes(judgement)) return;
    since.current = event.timeStamp;
    setBare(false);
    setVetoing(false);
    rating.judge(judgement);
  };
  const draw = (/** @type {"fill" | "outline"} */ wanted) => {
    localStorage.setItem(STYLE_KEY, wanted);
    setStyle(wanted);
  };
  const blink = () => setBare((now) => !now);
  const shown = () => {
    rating.shown();
    if (since.current) measured(since.current);
    since.current = 0;
  };
  useShortcuts(
    "Score",
    [
      ...GRADES.map(({ grade, name }) => ({
        keys: [String(grade)],
        label: name.toLowerCase(),
        run: (/** @type {Event} */ event) => judge({ grade }, event),
      })),
      { keys: ["x"], label: "veto: out of domain", run: () => rating.takes({}) && setVetoing(true) },
      { keys: ["u"], label: "can’t judge", run: (event) => judge({ abstention: true }, event) },
      { keys: ["z", "Mod+z"], label: "undo", run: () => rating.undo() },
      { keys: [" "], label: "blink between picture and map", run: blink },
      { keys: ["o"], label: "outlines or fill", run: () => draw(style === "fill" ? "outline" : "fill") },
    ],
    !vetoing,
  );
  const finished = !item && rating.ahead.dry;
  return html`
    <${Head} rating=${rating} open=${open} campaign=${campaign} style=${style} draw=${draw} />
    <${Notices} rating=${rating} />
    ${finished && html`<${Finished} rating=${rating} />`}
    ${!item && !finished && rating.ahead.error && html`<${Failure} error=${rating.ahead.error}
      again=${() => rating.more()} what="The next image" />`}
    ${
      (item || (!finished && !rating.ahead.error)) &&
      html`<div class="judging">
      <div>
        ${
          item?.error
            ? html`<${Failure} error=${item.error} again=${() => {
                rating.ahead.retry();
                rating.dispatchEvent(new Event("change"));
              }} what="This image" />`
            : html`<${Viewing} item=${item} style=${style} bare=${bare} blink=${blink} shown=${shown}
              names=${seen.map((one) => one?.name ?? "")} />`
        }
        <${Legend} seen=${seen} ready=${Boolean(item?.views)} />
      </div>
      <${Grades} judge=${judge} veto=${() => setVetoing(true)} undo=${() => rating.undo()} rating=${rating}
        ready=${rating.takes({ grade: 0 })} aside=${rating.takes({})} />
    </div>`
    }
    ${vetoing && html`<${VetoDialog} close=${() => setVetoing(false)}
      give=${(/** @type {any} */ veto) => judge({ veto }, new Event("veto"))} />`}
  `;
}

/** A rating for as long as the page is there; the component renders whenever it changes. @param {string} campaign @returns {Rating} */
function useRating(campaign) {
  const { me, taxonomy } = useSession();
  const rating = useMemo(() => new Rating(campaign, me.name, taxonomy), [campaign, me.name]);
  const [, turn] = useState(0);
  useEffect(() => {
    const changed = () => turn((count) => count + 1);
    rating.addEventListener("change", changed);
    changed();
    return () => {
      rating.removeEventListener("change", changed);
      rating.close();
    };
  }, [rating]);
  return rating;
}

/** From the key to the next image on the screen. @param {number} since */
function measured(since) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => performance.measure("next-image", { start: since, end: performance.now() });
    channel.port2.postMessage(null);
  });
}

/** @param {any} props */
function Head({ rating, open, campaign, style, draw }) {
  const { judged, all } = rating.counts;
  const actions = html`
    ${
      open.length > 1 &&
      html`<label class="inline">Campaign <select value=${campaign.id}
        onChange=${(/** @type {any} */ event) => (location.hash = `#/score/${event.target.value}`)}>
      ${open.map((/** @type {any} */ item) => html`<option key=${item.id} value=${item.id}>
        ${item.note || item.id.slice(0, 8)}</option>`)}
    </select></label>`
    }
    <${Switch} label="How the map is drawn" value=${style} choices=${[
      ["fill", "Fill"],
      ["outline", "Outlines"],
    ]} choose=${draw} />
    <${Meter} label="Images judged" value=${judged} of=${all}
      words=${all ? `${number(judged)} of ${number(all)} judged` : " "} />
  `;
  return html`<${PageHead} title="How good is the map?" actions=${actions} />`;
}
