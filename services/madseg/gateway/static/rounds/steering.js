// @ts-check
/** What operators say to a round that goes on: approve, cancel. */

import { post } from "/static/api.js";
import { Action, Check } from "/static/forms.js";
import { may, useSession } from "/static/session.js";
import { html } from "/static/view.js";

/** Where a word is waited for: what it does, what is asked before, what may be let through. @type {Record<string, any>} */
const APPROVALS = {
  choosing: {
    button: "Choose T and S",
    sure: "T is reserved and S is cut; that closes the campaign. Go on?",
    despite: "Although images still lack judgements",
  },
  training: {
    button: "Release the version",
    sure: "The new version serves and competes from now on. Release it?",
    despite: "Although the gate refused it",
    only: "admin",
  },
};

/** @param {{round: any}} props */
export function Steering({ round }) {
  const { me } = useSession();
  if (round.step === "ended") return null;
  const approval = round.awaits_approval && (APPROVALS[round.step] ?? { button: "Go on", sure: "Go on?" });
  const approve = async (/** @type {FormData} */ form) => {
    await post(`/api/rounds/${round.id}/approve`, { step: round.step, despite: form.get("despite") === "on" });
    return "It goes on.";
  };
  const cancel = async () => {
    await post(`/api/rounds/${round.id}/cancel`);
    return "It is cancelled.";
  };
  return html`<div class="steer">
    ${
      approval &&
      html`<${Action} button=${approval.button} sure=${approval.sure} primary=${true} send=${approve}>
        ${approval.despite && may(me, approval.only ?? "operator") && html`<${Check} label=${approval.despite} name="despite" />`}
      <//>`
    }
    <${Action} button="Cancel the round"
      sure="The round ends, with its training, campaign and mask tasks; what they had is kept for the record. Cancel it?" send=${cancel} />
  </div>`;
}
