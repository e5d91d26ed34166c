// @ts-check
/** Who is signed in, and the taxonomy: asked for once, shared by all pages. */

import { get, post } from "/static/api.js";
import { createContext, useContext } from "/static/view.js";

/** @typedef {{name: string, roles: string[], insecure: boolean}} Me */
/** @typedef {{label: number, name: string, colour: string, ranked: boolean}} ClassOfThings */
/**
 * `background`: the label of what nobody drew; 0, or that of void where the first class is a thing.
 * @typedef {{classes: ClassOfThings[], void: number, background: number, grid: {height: number, width: number}}} Taxonomy
 */

/** @type {any} */
export const Session = createContext(null);

/** @returns {{me: Me, taxonomy: Taxonomy}} */
export function useSession() {
  return useContext(Session);
}

/** @param {Me} me @param {...string} roles */
export function may(me, ...roles) {
  return roles.length === 0 || me.roles.includes("admin") || roles.some((role) => me.roles.includes(role));
}

/** How a sign-in link goes on behind the address of the pages; the token follows. */
const LINK = "#/sign-in/";

/** The token of a sign-in link; null elsewhere. It is in the fragment, which no server is ever sent. */
export function linkedToken() {
  return location.hash.startsWith(LINK) ? decodeURIComponent(location.hash.slice(LINK.length)) : null;
}

/** Signs in by a link; its token leaves the address and the way back first. @param {string} token */
async function enter(token) {
  history.replaceState(null, "", "#/overview");
  try {
    await post("/api/session", { token });
  } catch (error) {
    throw Object.assign(/** @type {Error} */ (error), { linked: true });
  }
}

/** @returns {Promise<{me: Me, taxonomy: Taxonomy}>} */
export async function loadSession() {
  const token = linkedToken();
  if (token !== null) await enter(token);
  const me = await get("/api/me");
  return { me, taxonomy: await get("/api/taxonomy") };
}
