// @ts-check
/**
 * Judgements on their way to the server: kept in this browser until they are acknowledged, sent in order.
 *
 * Each lies under a key of its own, so that two windows never overwrite each other's. Sending one twice does no harm.
 * A person's judgements are sent only while that person is signed in, on whatever page they are.
 */

import { ApiError, get, post, signals } from "/static/api.js";

/** @typedef {import("/static/score/ahead.js").Assignment} Assignment */
/**
 * `tried`: it was sent and the outcome isn't clear, so that the server may have it.
 * @typedef {{campaign: string, assignment: Assignment, body: Record<string, unknown>, tried?: boolean}} Judgement
 */
/** @typedef {{key: string, judgement: Judgement, refusal?: ApiError}} Kept */

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
/** Answers of the entrance: what they stand for has gone no farther. */
const UNTAKEN = [401, 429];

/** @type {Map<string, Queue>} */
const queues = new Map();

/** Whose judgements may be sent now; null while that isn't known. @type {string | null} */
let signedIn = null;

/** The queue of a person: there is one in a window. @param {string} person @returns {Queue} */
export function queueOf(person) {
  const found = queues.get(person) ?? new Queue(person);
  queues.set(person, found);
  return found;
}

/** Sends what this person's earlier visits left. @param {string} person */
export function sendFor(person) {
  signedIn = person;
  queueOf(person).again();
}

/** Changes are told as "change", the server's answers as "acknowledged". */
export class Queue extends EventTarget {
  /** @type {Kept[]} What is yet to be acknowledged, oldest first. */
  waiting;
  /** @type {string[]} Why judgements weren't taken, oldest first. */
  refused = [];
  /** @type {Kept | null} */
  #sending = null;
  #held = false;
  #pause = FIRST_PAUSE_MS;
  #timer = 0;
  #count = 0;
  #person;
  #prefix;

  /** @param {string} person whose judgements they are */
  constructor(person) {
    super();
    this.#person = person;
    this.#prefix = `madseg.judgement.${person}.`;
    this.waiting = stored(this.#prefix);
    signals.addEventListener("connection", () => this.again());
    addEventListener("online", () => this.again());
  }

  /** @param {Judgement} judgement */
  add(judgement) {
    this.#count += 1;
    const key = `${this.#prefix}${String(Date.now()).padStart(15, "0")}.${String(this.#count).padStart(6, "0")}`;
    const kept = { key, judgement };
    store(kept);
    this.waiting.push(kept);
    this.#changed();
    this.again();
  }

  /** What waits of one campaign. @param {string} campaign @returns {Kept[]} */
  of(campaign) {
    return this.waiting.filter((item) => item.judgement.campaign === campaign);
  }

  /**
   * Takes a campaign's last judgement back; null where the server has it. What it may have is sent until that is known.
   * @param {string} campaign @param {() => void} unclear called where that may take a while
   * @returns {Promise<Judgement | null>}
   * @throws {ApiError} the server refused the judgement: there is nothing to take back
   */
  async takeBack(campaign, unclear) {
    const last = this.of(campaign).at(-1);
    if (!last) return null;
    if (last.judgement.tried) this.again();
    while (this.waiting.includes(last) && (last === this.#sending || last.judgement.tried)) {
      if (last !== this.#sending) unclear();
      await new Promise((done) => this.addEventListener("change", done, { once: true }));
    }
    if (last.refusal) throw last.refusal;
    if (!this.waiting.includes(last)) return null;
    this.#drop(last);
    return last.judgement;
  }

  /**
   * Sends nothing while something is done that must come before it. @template T @param {() => Promise<T>} action
   * @returns {Promise<T>}
   */
  async alone(action) {
    this.#held = true;
    try {
      return await action();
    } finally {
      this.#held = false;
      this.again();
    }
  }

  /** Forgets why judgements weren't taken. */
  dismiss() {
    this.refused = [];
    this.#changed();
  }

  /** Tries to send now. */
  again() {
    this.#soon(0);
  }

  /** @param {number} pause */
  #soon(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), pause);
  }

  async #send() {
    const next = this.waiting[0];
    if (!next || this.#sending || this.#held || signedIn !== this.#person) return;
    this.#sending = next;
    const { assignment, campaign, body, tried } = next.judgement;
    // Before it is sent: the page may be closed before there is an answer.
    mark(next, true);
    try {
      const answer = await post(`/api/assignments/${assignment.id}/judgement`, body, { keepalive: true });
      this.#done(next);
      this.dispatchEvent(new CustomEvent("acknowledged", { detail: { campaign, answer } }));
    } catch (error) {
      if (error instanceof ApiError && UNTAKEN.includes(error.status)) mark(next, Boolean(tried));
      await this.#failed(next, error);
    }
  }

  /** @param {Kept} kept */
  #done(kept) {
    this.#sending = null;
    this.#pause = FIRST_PAUSE_MS;
    this.#drop(kept);
    this.again();
  }

  /** @param {Kept} kept @param {any} error */
  async #failed(kept, error) {
    const final = error instanceof ApiError && !error.passing && error.status !== 401 && error.status !== 500;
    if (final && (await this.#mine())) {
      this.refused.push(error.message);
      kept.refusal = error;
      this.#done(kept);
      return;
    }
    this.#sending = null;
    this.#soon(Math.max(this.#pause, 1000 * (error.retryAfter ?? 0)));
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
    this.#changed();
  }

  /** Whether the server still takes this browser for this person: another window may have signed in as another. */
  async #mine() {
    const me = await get("/api/me").catch(() => null);
    if (me && me.name !== this.#person) signedIn = null;
    return me?.name === this.#person;
  }

  /** @param {Kept} kept */
  #drop(kept) {
    localStorage.removeItem(kept.key);
    this.waiting = this.waiting.filter((item) => item !== kept);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Kept} kept @param {boolean} tried */
function mark(kept, tried) {
  kept.judgement.tried = tried;
  store(kept);
}

/** @param {Kept} kept */
function store({ key, judgement }) {
  try {
    localStorage.setItem(key, JSON.stringify(judgement));
  } catch {
    // Without room it is kept in memory alone: it is lost only if the page is closed before it is sent.
  }
}

/** What an earlier page left. @param {string} prefix @returns {Kept[]} */
function stored(prefix) {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  return keys.sort().map((key) => ({ key, judgement: JSON.parse(localStorage.getItem(key) ?? "") }));
}

// Whoever signs in next may be somebody else: nothing is sent before it is known who.
signals.addEventListener("signin", () => (signedIn = null));
