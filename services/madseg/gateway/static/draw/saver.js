// @ts-check
/**
 * Autosave: a second after the last stroke the mask goes out as the revision that follows the last one.
 *
 * One save is under way at a time. Each is kept in this browser until it is acknowledged, and is sent again under its
 * own key, so that an answer that got lost makes no second revision. What is drawn meanwhile is kept beside it.
 */

import { ApiError, signals } from "/static/api.js";
import { forget, keep } from "/static/draw/outbox.js";
import { saveMask } from "/static/draw/tasks.js";

/** @typedef {import("/static/draw/outbox.js").Unsaved} Unsaved */
/** @typedef {"saved" | "changed" | "saving" | "kept" | "stale" | "refused"} State */

/** Milliseconds of rest before a save. */
const REST_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
/** A longer pause isn't drawing. */
const IDLE_MS = 20000;

export class Saver extends EventTarget {
  /** @type {State} */
  state = "saved";
  problem = "";
  /** What is sent and not acknowledged. @type {Unsaved | null} */
  pending = null;
  #dirty = false;
  #sending = false;
  /** @type {Promise<void> | null} */
  #keeping = null;
  #timer = 0;
  #pause = REST_MS;
  #spent = 0;
  #seen = 0;
  #again = () => void this.flush();
  #left = () => void this.flush();

  /** @param {string} task @param {number} revision the last one @param {() => Uint8Array} encoded the mask as it stands */
  constructor(task, revision, encoded) {
    super();
    this.task = task;
    this.revision = revision;
    this.encoded = encoded;
    signals.addEventListener("connection", this.#again);
    signals.addEventListener("signedin", this.#again);
    addEventListener("blur", this.#left);
    addEventListener("pagehide", this.#left);
  }

  close() {
    void this.flush();
    clearTimeout(this.#timer);
    signals.removeEventListener("connection", this.#again);
    signals.removeEventListener("signedin", this.#again);
    removeEventListener("blur", this.#left);
    removeEventListener("pagehide", this.#left);
  }

  /** Something was drawn. @param {number} [now] milliseconds */
  changed(now = performance.now()) {
    this.#spent += this.#seen ? Math.min(now - this.#seen, IDLE_MS) : 0;
    this.#seen = now;
    this.#dirty = true;
    if (this.state === "saved") this.#be("changed");
    if (this.state !== "stale") this.#soon(REST_MS);
  }

  /** Goes on with a save that an earlier page left. @param {Unsaved} unsaved */
  resume({ latest, ...unsaved }) {
    this.pending = unsaved;
    this.#dirty = Boolean(latest);
    this.#soon(0);
  }

  /** Saves on top of another revision than the one that was drawn on. @param {number} revision */
  async overwrite(revision) {
    this.revision = revision;
    this.pending = null;
    this.#dirty = true;
    this.#be("changed");
    await this.flush();
  }

  /** Forgets what isn't saved: the mask was replaced by this revision. @param {number} revision */
  async discard(revision) {
    this.revision = revision;
    this.pending = null;
    this.#dirty = false;
    await forget(this.task).catch(ignored);
    this.#be("saved");
  }

  /** Saves now; ends when all is saved, or when that must wait. */
  async flush() {
    clearTimeout(this.#timer);
    if (this.state === "stale") return;
    if (this.#sending) return this.#keepLatest();
    if (this.#dirty && !this.pending) this.#take();
    if (!this.pending) return;
    this.#sending = true;
    this.#be("saving");
    try {
      await this.#send(this.pending);
    } finally {
      this.#sending = false;
    }
    if (this.state === "saving" && this.#dirty) await this.flush();
    else if (this.state === "saving") this.#be("saved");
  }

  /** Whether all is saved; waits for a save that is under way. */
  async settled() {
    while (this.#sending) await new Promise((done) => this.addEventListener("change", done, { once: true }));
    await this.flush();
    return this.state === "saved";
  }

  #take() {
    const ms = Math.round(this.#spent);
    this.pending = { task: this.task, follows: this.revision, key: freshKey(), bytes: this.encoded(), ms };
    this.#spent = 0;
    this.#dirty = false;
  }

  /** @param {Unsaved} unsaved */
  async #send(unsaved) {
    // Kept first: the page may be closed, or the machine go down, before the answer comes.
    const keeping = keep(this.#dirty ? { ...unsaved, latest: this.encoded() } : unsaved).catch(ignored);
    try {
      this.revision = await saveMask(this.task, unsaved);
      this.pending = null;
      this.#pause = REST_MS;
      await keeping;
      await this.#keeping;
      await forget(this.task).catch(ignored);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Keeps what was drawn since the save that is under way began, one copy at a time. */
  #keepLatest() {
    if (!this.#dirty || !this.pending) return;
    if (this.#keeping) return this.#soon(REST_MS);
    const keeping = keep({ ...this.pending, latest: this.encoded() }).catch(ignored);
    this.#keeping = keeping.then(() => void (this.#keeping = null));
  }

  /** @param {unknown} error */
  #failed(error) {
    const known = error instanceof ApiError ? error : null;
    this.problem = error instanceof Error ? error.message : String(error);
    if (known?.status === 409) return this.#be("stale");
    if (known && !known.passing && known.status !== 401 && known.status !== 500) return this.#refused();
    this.#be("kept");
    this.#soon(Math.max(this.#pause, 1000 * (known?.retryAfter ?? 0)));
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    return undefined;
  }

  #refused() {
    this.pending = null;
    this.#be("refused");
  }

  /** @param {number} pause */
  #soon(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), pause);
  }

  /** @param {State} state */
  #be(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

/** Without IndexedDB (a private window) nothing outlives the page; saving goes on all the same. */
function ignored() {}

/** Not `crypto.randomUUID`, which browsers refuse to pages that come over plain HTTP. */
function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
