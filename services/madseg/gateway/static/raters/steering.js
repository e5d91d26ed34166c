// @ts-check
/** What operators do: cut M, open a campaign, choose S and T, have masks drawn. */

import { getAll, post } from "/static/api.js";
import { Part } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { CampaignForm } from "/static/raters/campaign_form.js";
import { Action, Check, Field } from "/static/forms.js";
import { html, useState } from "/static/view.js";
import { moment, number, plural } from "/static/words.js";

/** @param {{campaign: any, changed: () => void}} props */
export function Steering({ campaign, changed }) {
  const sets = useLoad((signal) => getAll("/api/candidate-sets", "candidate_sets", signal), []);
  const [opening, setOpening] = useState(false);
  const newest = sets.value?.[0];
  return html`<${Part} title="Steer" aside="for operators">
    <ol class="steps">
      <li class="sheet"><h3>Cut M</h3>
        <p class="quiet">
          ${newest ? `Last: ${plural(newest.size, "image")}, ${moment(newest.cut_at)}.` : "The tops of all rankings, as they stand now."}</p>
        <${Cut} done=${sets.again} />
      </li>
      <li class="sheet"><h3>Score it</h3>
        <p class="quiet">A campaign asks several raters about each image of M.</p>
        <button type="button" disabled=${!newest} onClick=${() => setOpening(true)}>Open a campaign…</button>
        ${sets.value && !newest && html`<small class="quiet">Cut M first.</small>`}
      </li>
      <li class="sheet"><h3>Choose S and T</h3>
        <p class="quiet">${chooseWords(campaign)}</p>
        ${campaign && !["closed", "cancelled"].includes(campaign.state) && html`<${Choose} campaign=${campaign} done=${changed} />`}
      </li>
      <li class="sheet"><h3>Have masks drawn</h3>
        <p class="quiet">
          ${campaign?.state === "closed" ? "One task per image of S and T, split evenly." : "Once S and T are chosen."}</p>
        ${campaign?.state === "closed" && html`<${Masks} campaign=${campaign} />`}
      </li>
    </ol>
    ${
      opening &&
      html`<${CampaignForm} sets=${sets.value} close=${() => setOpening(false)} done=${() => {
        setOpening(false);
        changed();
      }} />`
    }
  <//>`;
}

/** @param {any} campaign */
function chooseWords(campaign) {
  if (!campaign) return "Once a campaign is scored.";
  if (campaign.state === "closed") return "Done: T is reserved and S is cut.";
  if (campaign.state === "cancelled") return "The campaign was cancelled.";
  const left = campaign.images - campaign.finished;
  return left ? `${plural(left, "image")} still lack judgements.` : "Every image has what it needs.";
}

/** @param {{done: () => void}} props */
function Cut({ done }) {
  const send = async (/** @type {FormData} */ form) => {
    const set = await post("/api/candidate-sets", {
      per_ranking: Number(form.get("per_ranking")),
      note: form.get("note"),
    });
    done();
    return `${plural((set.candidate_set ?? set).size, "image")} cut.`;
  };
  return html`<${Action} button="Cut" send=${send}>
    <${Field} label="Images per ranking" name="per_ranking" type="number" min="1" max="10000" value="25" />
    <${Field} label="Note" name="note" maxlength="2000" />
  <//>`;
}

/** @param {{campaign: any, done: () => void}} props */
function Choose({ campaign, done }) {
  const complete = campaign.finished >= campaign.images;
  const send = async (/** @type {FormData} */ form) => {
    const answer = await post(`/api/campaigns/${campaign.id}/choose`, { allow_incomplete: form.get("allow") === "on" });
    const sets = answer.sets ?? answer;
    done();
    return `${number(sets.counterexamples.length)} images in S, ${number(sets.test.length)} in T.`;
  };
  return html`<${Action} button="Choose" send=${send} sure="This closes the campaign. Choose now?">
    ${!complete && html`<${Check} label="Leave out images that lack judgements" name="allow" />`}
  <//>`;
}

/** @param {{campaign: any}} props */
function Masks({ campaign }) {
  const send = async (/** @type {FormData} */ form) => {
    const annotators = String(form.get("annotators"))
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const made = await post(`/api/campaigns/${campaign.id}/mask-tasks`, {
      annotators,
      double_share: Number(form.get("double")) / 100,
    });
    return `${plural(made.created, "task")} made${made.present ? `, ${number(made.present)} were there` : ""}.`;
  };
  return html`<${Action} button="Make tasks" send=${send}>
    <${Field} label="Annotators" name="annotators" note="Names with commas between; empty: whoever takes one." />
    <${Field} label="Drawn twice, in %" name="double" type="number" min="0" max="100" step="any" value="5" />
  <//>`;
}
