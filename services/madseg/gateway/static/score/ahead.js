// @ts-check
/** The images that come next: leased, loaded, decoded and painted before anybody asks for them. */

import { octets, post } from "/static/api.js";
import { mapOf, painted, pictureOf, shares } from "/static/maps.js";

/** @typedef {import("/static/session.js").Taxonomy} Taxonomy */
/** @typedef {{id: string, image_id: string, target: string}} Assignment */
/** @typedef {{picture: ImageBitmap, fill: ImageBitmap, outline: ImageBitmap, seen: [number, number][]}} Views */
/** @typedef {{assignment: Assignment, views: Views | null, error: any, loaded: Promise<void>}} Item */

/** Images that are held at once, the one on show included. */
const HELD = 4;
/** The most that may be asked for. */
const MOST = 20;

export class Ahead {
  /** @type {Item[]} The first is on show. */
  items = [];
  /** Whether the server has nothing more for this rater now. */
  dry = false;
  /** @type {any} Why no more could be leased. */
  error = null;
  /** Whether what was doubted had been taken back. */
  undone = false;
  /** Grows when the server says anew how many are judged: what it was asked before that is no news. */
  moment = 0;
  #filling = false;
  /** @type {string[] | null} What is unsent according to a call that came while another was under way. */
  #asked = null;
  /** @type {Set<string>} What was judged here; the server may not know it yet. */
  #judged = new Set();
  /** @type {Set<string> | null} What of it may have been taken back, where the answer to an undo got lost. */
  #doubted = null;

  /**
   * @param {string} campaign @param {Taxonomy} taxonomy
   * @param {(progress: {judged: number, left: number}) => void} told @param {() => void} changed
   */
  constructor(campaign, taxonomy, told, changed) {
    this.campaign = campaign;
    this.taxonomy = taxonomy;
    this.told = told;
    this.changed = changed;
  }

  /** Leases until enough is held. `unsent` judgements are counted by the server as held. @param {string[]} unsent */
  async fill(unsent) {
    if (this.#filling) {
      // What is under way may be answered without what was acknowledged meanwhile.
      this.#asked = unsent;
      return;
    }
    if (this.items.length >= HELD && !this.doubting) return;
    this.#filling = true;
    let came = 0;
    try {
      const known = new Set([...this.#judged, ...unsent]);
      const { moment } = this;
      const doubted = this.#doubted;
      const answer = await post(`/api/campaigns/${this.campaign}/take`, {
        count: Math.min(HELD + unsent.length, MOST),
      });
      if (moment === this.moment) this.told(answer);
      const { back, fresh } = this.#sorted(answer.assignments, known, doubted);
      if (doubted && doubted === this.#doubted) {
        this.#doubted = null;
        this.undone = back.length > 0;
      }
      for (const assignment of back) this.again(assignment);
      for (const assignment of fresh) this.items.push(this.#prepared(assignment));
      came = back.length + fresh.length;
      this.dry = came === 0 && this.items.length === 0 && unsent.length === 0;
      this.error = null;
    } catch (error) {
      this.error = error;
    }
    this.#filling = false;
    // Some may have been judged meanwhile.
    const next = this.#asked ?? (came ? unsent : null);
    this.#asked = null;
    this.changed();
    if (next) await this.fill(next);
  }

  /**
   * What was taken back, and what is new.
   * @param {Assignment[]} assignments @param {Set<string>} known @param {Set<string> | null} doubted
   */
  #sorted(assignments, known, doubted) {
    const held = new Set(this.items.map((item) => item.assignment.id));
    const fresh = assignments.filter(({ id }) => !known.has(id) && !this.#judged.has(id) && !held.has(id));
    // What was judged on an earlier page is told by its place: what is taken back comes before all else.
    const first = fresh[0] === assignments[0] ? fresh[0] : null;
    const back = doubted ? assignments.filter((item) => doubted.has(item.id) || item === first) : [];
    return { back, fresh: fresh.filter((item) => !back.includes(item)) };
  }

  /** Takes what is on show away, since it is judged. @returns {Item} */
  shift() {
    const item = /** @type {Item} */ (this.items.shift());
    this.#judged.add(item.assignment.id);
    this.#doubted?.delete(item.assignment.id);
    if (this.items[0]?.error) this.retry();
    return item;
  }

  /** Puts something back on show. @param {Item} item */
  unshift(item) {
    this.#judged.delete(item.assignment.id);
    this.items.unshift(item);
    this.dry = false;
  }

  /** @param {Assignment} assignment */
  again(assignment) {
    this.unshift(this.#prepared(assignment));
  }

  /** Whether it isn't known what the last undo came to. */
  get doubting() {
    return this.#doubted !== null;
  }

  /** An undo's answer got lost: what it took back, if anything, comes with the next images, and in front. `unsent` isn't meant. @param {string[]} unsent */
  doubt(unsent) {
    this.#doubted = new Set([...this.#judged].filter((id) => !unsent.includes(id)));
  }

  /** Loads once more what couldn't be loaded. */
  retry() {
    this.items = this.items.map((item) => (item.error ? this.#prepared(item.assignment) : item));
  }

  /** @param {Assignment} assignment @returns {Item} */
  #prepared(assignment) {
    /** @type {Item} */
    const item = { assignment, views: null, error: null, loaded: Promise.resolve() };
    item.loaded = views(assignment, this.taxonomy).then(
      (found) => void (item.views = found),
      (error) => void (item.error = error),
    );
    item.loaded.then(this.changed);
    return item;
  }
}

/** @param {Assignment} assignment @param {Taxonomy} taxonomy @returns {Promise<Views>} */
async function views(assignment, taxonomy) {
  const [file, map] = await Promise.all([
    octets(pictureOf(assignment.image_id)),
    mapOf(assignment.image_id, assignment.target),
  ]);
  const [picture, fill, outline] = await Promise.all([
    createImageBitmap(new Blob([/** @type {BlobPart} */ (file.bytes)])),
    createImageBitmap(painted(map, taxonomy, "fill")),
    createImageBitmap(painted(map, taxonomy, "outline")),
  ]);
  return { picture, fill, outline, seen: shares(map) };
}
