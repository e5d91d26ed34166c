// @ts-check
/** The pane beside the picture: guideline, findings and messages. */

import { Findings } from "/static/draw/findings.js";
import { GENERAL, guidelineFor } from "/static/draw/guidelines.js";
import { Messages } from "/static/draw/messages.js";
import { useEvents } from "/static/draw/watch.js";
import { Swatch, Switch } from "/static/elements.js";
import { html, useEffect, useState } from "/static/view.js";

/**
 * @param {{live: ReturnType<typeof import("/static/draw/live_task.js").useTask>, drawing: import("/static/draw/drawing.js").Drawing,
 *   classes: any[], current: number, pick: (finding: any) => void}} props
 */
export function Side({ live, drawing, classes, current, pick }) {
  const { task } = live;
  const [tab, setTab] = useState(task.findings.some((finding) => finding.state === "open") ? "findings" : "guide");
  useEffect(() => void (current && setTab("findings")), [current]);
  const open = task.findings.filter((finding) => finding.state === "open").length;
  const choices = [
    ["guide", "Guideline"],
    ["findings", open ? `Findings (${open})` : "Findings"],
    ["messages", task.messages.length ? `Messages (${task.messages.length})` : "Messages"],
  ];
  return html`<section class="side-pane" aria-label="About this task">
    <${Switch} label="What is shown" value=${tab} choices=${choices} choose=${setTab} />
    ${tab === "guide" && html`<${Guideline} drawing=${drawing} classes=${classes} />`}
    ${tab === "findings" && html`<${Findings} task=${task} role="annotator" current=${current} pick=${pick} changed=${live.changed} />`}
    ${tab === "messages" && html`<${Messages} task=${task} said=${live.said} />`}
  </section>`;
}

/** @param {{drawing: import("/static/draw/drawing.js").Drawing, classes: any[]}} props */
function Guideline({ drawing, classes }) {
  useEvents(drawing, "tools");
  const item = classes.find(({ label }) => label === drawing.label);
  return html`<div class="guideline">
    ${item && html`<h2><${Swatch} colour=${item.colour} />${item.name}</h2><p>${guidelineFor(item.name)}</p>`}
    <h3>Always</h3>
    <ul>${GENERAL.map((line) => html`<li key=${line}>${line}</li>`)}</ul>
  </div>`;
}
