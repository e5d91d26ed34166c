// @ts-check
/** A task that follows what others do to it: messages, findings, its state. */

import { events } from "/static/api.js";
import { taskOf } from "/static/draw/tasks.js";
import { useEffect, useState } from "/static/view.js";

/** @typedef {import("/static/draw/tasks.js").Task} Task */

/** @param {Task} first */
export function useTask(first) {
  const [task, setTask] = useState(first);
  useEffect(() => events("/api/mask-tasks/events", { task_id: first.id }, "task", (value) => setTask((old) => taskOf(value) ?? old)), [first.id]);
  const changed = (/** @type {import("/static/draw/tasks.js").Finding} */ finding) =>
    setTask((old) => ({ ...old, findings: merged(old.findings, finding) }));
  const said = (/** @type {import("/static/draw/tasks.js").Message} */ message) =>
    setTask((old) => (old.messages.some((item) => item.at === message.at && item.text === message.text) ? old : { ...old, messages: [...old.messages, message] }));
  return { task, setTask, changed, said };
}

/** @param {import("/static/draw/tasks.js").Finding[]} findings @param {import("/static/draw/tasks.js").Finding} finding */
function merged(findings, finding) {
  const known = findings.some((item) => item.number === finding.number);
  return known ? findings.map((item) => (item.number === finding.number ? finding : item)) : [...findings, finding];
}
