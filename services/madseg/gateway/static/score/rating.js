// @ts-check
/** One rater at work on one campaign: what is on show, what was judged, what waits to be sent. */

import { ApiError, post, signals } from "/static/api.js";
import { Ahead } from "/static/score/ahead.js";
import { queueOf } from "/static/score/queue.js";

/** Judged images that stay painted, for undo. */
const REMEMBERED = 6;

/** While it isn't known what an undo came to. */
const DOUBT = "Whether the last judgement was undone isn’t known yet: its image comes back if it was.";

/** While it isn't known whether the server has what is to be taken back. */
const UNCLEAR = "The last judgement may have arrived: it is taken back once the server says so.";

/** The giving back of an earlier one: what it held isn't asked for before that is done. */
let leaving = Promise.resolve();

export class Rating extends EventTarget {
  /** Judged and left, as the server last said. */
  progress = { judged: 0, left: 0 };
  /** @type {string} Why something that was asked for couldn't be done. */
  notice = "";
  /** @type {import("/static/score/ahead.js").Item[]} */
  #past = [];
  #shownAt = 0;
  #undoing = false;
  /** Whether what is to be taken back is waited for: nothing is judged meanwhile, or that would be the last one. */
  #awaiting = false;
  #again = () => {
    this.ahead.retry();
    void this.more();
  };

  /** @param {string} campaign @param {string} person @param {import("/static/session.js").Taxonomy} taxonomy */
  constructor(campaign, person, taxonomy) {
    super();
    this.campaign = campaign;
    this.queue = queueOf(person);
    this.queue.addEventListener("change", this.#changed);
    this.queue.addEventListener("acknowledged", this.#acknowledged);
    this.ahead = new Ahead(
      campaign,
      taxonomy,
      (progress) => this.#undoing || this.#told(progress),
      this.#changed,
    );
    signals.addEventListener("connection", this.#again);
    signals.addEventListener("signedin", this.#again);
    leaving.then(() => this.more());
  }

  /** Gives back what isn't judged. */
  close() {
    this.queue.removeEventListener("change", this.#changed);
    this.queue.removeEventListener("acknowledged", this.#acknowledged);
    signals.removeEventListener("connection", this.#again);
    signals.removeEventListener("signedin", this.#again);
    const ids = this.ahead.items.map((item) => item.assignment.id);
    if (ids.length)
      leaving = post("/api/assignments/return", { assignment_ids: ids }, { keepalive: true }).catch(() => undefined);
  }

  /** What is on show. */
  get current() {
    return this.ahead.items[0] ?? null;
  }

  /** Images that this rater has judged, and how many there are at all for them. */
  get counts() {
    const unsent = this.queue.of(this.campaign).length;
    return { judged: this.progress.judged + unsent, all: this.progress.judged + this.progress.left };
  }

  /** Whether the last judgement can be taken back. */
  get undoable() {
    return this.#past.length > 0 || this.counts.judged > 0;
  }

  more() {
    return this.ahead.fill(this.#unsent());
  }

  /** Called when what is on show can be seen. */
  shown() {
    this.#shownAt = performance.now();
  }

  /** Whether a judgement can be given now: a grade only of what is seen, another one also of what can't be loaded. @param {Record<string, unknown>} judgement */
  takes(judgement) {
    const item = this.#awaiting ? null : this.current;
    return Boolean(item?.views || (item?.error && !("grade" in judgement)));
  }

  /** @param {Record<string, unknown>} judgement */
  judge(judgement) {
    if (!this.takes(judgement)) return;
    const item = this.ahead.shift();
    const looked = this.#shownAt ? Math.round(performance.now() - this.#shownAt) : 0;
    this.#shownAt = 0;
    this.#past = [...this.#past, item].slice(-REMEMBERED);
    this.notice = "";
    const body = { ...judgement, looked_ms: looked };
    this.queue.add({ campaign: this.campaign, assignment: item.assignment, body });
    this.more();
  }

  /** Takes the last judgement back and shows its image again. */
  async undo() {
    if (this.#awaiting) return;
    this.notice = "";
    if (this.ahead.doubting) return this.#settle();
    try {
      const unsent = await this.#takeBack();
      const assignment = unsent ? unsent.assignment : await this.#undoSent();
      const known = this.#past.findLast((item) => item.assignment.id === assignment.id);
      this.#past = this.#past.filter((item) => item !== known);
      if (known) this.ahead.unshift(known);
      else this.ahead.again(assignment);
    } catch (error) {
      await this.#failed(/** @type {any} */ (error));
    }
    this.#changed();
  }

  /** What was unsent and is taken back; null where the server has it. */
  async #takeBack() {
    this.#awaiting = true;
    try {
      return await this.queue.takeBack(this.campaign, () => {
        this.notice = UNCLEAR;
        this.#changed();
      });
    } finally {
      this.#awaiting = false;
      this.notice = "";
    }
  }

  /** An undo that failed; where it may have been carried out all the same, that is asked. @param {any} error */
  async #failed(error) {
    if (!(error instanceof ApiError) || (error.status > 0 && error.status < 500)) {
      this.notice = `Nothing was undone: ${error.message}`;
      return;
    }
    this.ahead.doubt(this.#unsent());
    await this.#settle();
  }

  /** Finds out what the last undo came to. */
  async #settle() {
    this.notice = DOUBT;
    await this.more();
    this.#changed();
  }

  #unsent() {
    return this.queue.of(this.campaign).map((item) => item.judgement.assignment.id);
  }

  async #undoSent() {
    this.#undoing = true;
    try {
      const { assignment } = await this.queue.alone(() => post(`/api/campaigns/${this.campaign}/undo`));
      this.#news({ judged: this.progress.judged - 1, left: this.progress.left + 1 });
      return assignment;
    } finally {
      this.#undoing = false;
    }
  }

  /** @param {{judged: number, left: number}} progress */
  #told({ judged, left }) {
    this.progress = { judged, left };
    this.#changed();
  }

  /** @param {{judged: number, left: number}} progress */
  #news(progress) {
    this.ahead.moment += 1;
    this.#told(progress);
  }

  #changed = () => {
    const known = this.notice === DOUBT && !this.ahead.doubting;
    if (known) this.notice = this.ahead.undone ? "" : "Nothing was undone: the server didn’t hear of it.";
    this.dispatchEvent(new Event("change"));
  };

  /** @param {any} event */
  #acknowledged = ({ detail }) => {
    if (detail.campaign !== this.campaign) return;
    if (detail.answer) this.#news(detail.answer);
    this.more();
  };
}
