// @ts-check
/** The images that come next: leased, loaded, decoded and painted before anybody asks for them. */

import { octets, post } from "/static/api.js";
import { mapOf, painted, pictureOf, shares } from "/static/maps.js";

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
  /** Grows when the server says anew how many are judged: what it was asked before that is no news. */
  moment = 0;
  #filling = false;
  /** @type {string[] | null} What is unsent according to a call that came while another was under way. */
  #asked = null;
  /** @type {Set<string>} What was judged here; the server may not know it yet. */
  #judged = new Set();

  /**
   * @param {string} campaign @param {{label: number, colour: string}[]} classes
   * @param {(progress: {judged: number, left: number}) => void} told @param {() => void} changed
   */
  constructor(campaign, classes, told, changed) {
    this.campaign = campaign;
    this.classes = classes;
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
    if (this.items.length >= HELD) return;
    this.#filling = true;
    let came = 0;
    try {
      const known = new Set([...this.#judged, ...unsent]);
      const { moment } = this;
      const answer = await post(`/api/campaigns/${this.campaign}/take`, {
        count: Math.min(HELD + unsent.length, MOST),
      });
      if (moment === this.moment) this.told(answer);
      const held = new Set(this.items.map((item) => item.assignment.id));
      const fresh = answer.assignments.filter(
        (/** @type {Assignment} */ item) => !known.has(item.id) && !this.#judged.has(item.id) && !held.has(item.id),
      );
      for (const assignment of fresh) this.items.push(this.#prepared(assignment));
      came = fresh.length;
      this.dry = fresh.length === 0 && this.items.length === 0 && unsent.length === 0;
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

  /** Takes what is on show away, since it is judged. @returns {Item} */
  shift() {
    const item = /** @type {Item} */ (this.items.shift());
    this.#judged.add(item.assignment.id);
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

  /** Loads once more what couldn't be loaded. */
  retry() {
    this.items = this.items.map((item) => (item.error ? this.#prepared(item.assignment) : item));
  }

  /** @param {Assignment} assignment @returns {Item} */
  #prepared(assignment) {
    /** @type {Item} */
    const item = { assignment, views: null, error: null, loaded: Promise.resolve() };
    item.loaded = views(assignment, this.classes).then(
      (found) => void (item.views = found),
      (error) => void (item.error = error),
    );
    item.loaded.then(this.changed);
    return item;
  }
}

/** @param {Assignment} assignment @param {{label: number, colour: string}[]} classes @returns {Promise<Views>} */
async function views(assignment, classes) {
  const [file, map] = await Promise.all([
    octets(pictureOf(assignment.image_id)),
    mapOf(assignment.image_id, assignment.target),
  ]);
  const [picture, fill, outline] = await Promise.all([
    createImageBitmap(new Blob([/** @type {BlobPart} */ (file.bytes)])),
    createImageBitmap(painted(map, classes, "fill")),
    createImageBitmap(painted(map, classes, "outline")),
  ]);
  return { picture, fill, outline, seen: shares(map) };
}
