// @ts-check
/** Mask tasks over the HTTP API. */

import { get, octets, post, put } from "/static/api.js";
import { decode, toDense } from "/static/codec.js";

/** @typedef {{left: number, top: number, width: number, height: number}} Box */
/** @typedef {{number: number, revision: number, place: {x: number, y: number}, type: string, text: string, state: string, author: string}} Finding */
/** @typedef {{author: string, at: string, text: string}} Message */
/**
 * @typedef {object} Task
 * @property {string} id @property {string} image_id @property {string} purpose @property {string} state
 * @property {string} annotator @property {string} reviewer @property {string | null} target
 * @property {{height: number, width: number}} size of the original @property {Box} crop @property {number} revision
 * @property {Finding[]} findings @property {Message[]} messages
 */

/** Milliseconds after which a save counts as lost, though the network says nothing. */
const LONGEST_SAVE_MS = 30000;

/** Words for what the API says in one. @type {Record<string, string>} */
export const WORDS = {
  counterexample: "counterexample",
  test: "test image",
  random_lane: "random lane",
  second_opinion: "second opinion",
  contest: "contest of versions",
  missing: "Missing",
  extra: "Not there",
  wrong_class: "Wrong class",
  boundary: "Boundary",
  other: "Other",
  open: "open",
  resolved: "mended",
  accepted: "settled",
};

/** The types of a finding. */
export const TYPES = ["missing", "extra", "wrong_class", "boundary", "other"];

/** The task of an answer, if it has one. @param {any} answer @returns {Task | null} */
export function taskOf(answer) {
  const task = answer && "task" in answer ? answer.task : answer;
  return task?.id ? task : null;
}

/** @param {string} id */
export async function taskNamed(id) {
  return taskOf(await get(`/api/mask-tasks/${id}`));
}

/** The task that one draws ("draw") or reviews ("review"), else the next; null: none is left. @param {"draw" | "review"} what @param {string} [id] */
export async function take(what, id) {
  const path = what === "draw" ? "/api/mask-tasks/take" : "/api/reviews/take";
  return taskOf(await post(path, id ? { task_id: id } : {}));
}

/** A label map to begin from, and where the models disagree. @param {string} id @param {string} start @param {string} [competitor] */
export async function startOf(id, start, competitor) {
  const { bytes, headers } = await octets(`/api/mask-tasks/${id}/start`, { start, competitor });
  const boxes = /** @type {[number, number, number, number][]} */ (JSON.parse(headers.get("X-Disagreements") ?? "[]"));
  return { pixels: toDense(decode(bytes)), disagreements: boxes.map(([left, top, width, height]) => ({ left, top, width, height })) };
}

/** The pixels of a revision; 0: the last. @param {string} id @param {number} [number] @param {AbortSignal} [signal] */
export async function revisionOf(id, number = 0, signal) {
  const { bytes, headers } = await octets(`/api/mask-tasks/${id}/revisions/${number}`, undefined, signal);
  return {
    pixels: toDense(decode(bytes)),
    revision: Number(headers.get("X-Revision") ?? number),
    author: decodeURIComponent(headers.get("X-Author") ?? ""),
  };
}

/** @param {string} id @param {{follows: number, key: string, bytes: Uint8Array, ms: number}} save @returns {Promise<number>} the revision */
export async function saveMask(id, { follows, key, bytes, ms }) {
  const query = { follows, key, drawing_ms: ms };
  const options = { keepalive: bytes.length < 60000, signal: AbortSignal.timeout(LONGEST_SAVE_MS) };
  return (await put(`/api/mask-tasks/${id}/mask`, bytes, query, options)).revision;
}

/** @param {string} id @param {string} what path behind the task @param {unknown} [body] */
export async function act(id, what, body = {}) {
  return post(`/api/mask-tasks/${id}/${what}`, body);
}
