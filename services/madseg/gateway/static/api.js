// @ts-check
/**
 * The HTTP API of the pages: JSON, octets and server-sent events, with errors as `ApiError`.
 *
 * Two things are told to whoever listens on `signals`: "signin" when nobody is signed in (any more),
 * and "connection" whenever the server goes out of reach or comes back (`online()` says which).
 */

/** @typedef {Record<string, string | number | boolean | null | undefined>} Query */

/** Whether the server was in reach at the last call. */
let reachable = true;

export const signals = new EventTarget();

/** An answer that isn't one: refused (`status` 400..599) or not reached (`status` 0). */
export class ApiError extends Error {
  /** @param {number} status @param {string} title @param {string} detail @param {string | null} field @param {number} retryAfter */
  constructor(status, title, detail, field = null, retryAfter = 0) {
    super(detail || title);
    this.name = "ApiError";
    this.status = status;
    this.title = title;
    this.detail = detail;
    /** The field of the request that is wrong, if one is. */
    this.field = field;
    /** Seconds after which it is worth another try; 0: not said. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same call may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** Whether the server was in reach at the last call. */
export function online() {
  return reachable;
}

/**
 * JSON of a GET.
 * @param {string} path @param {Query} [query] @param {AbortSignal} [signal] @returns {Promise<any>}
 */
export async function get(path, query, signal) {
  return (await call("GET", path, query, undefined, { signal })).json();
}

/**
 * All items of a list that comes in pages, under `name` in each.
 * @param {string} path @param {string} name @param {AbortSignal} [signal] @returns {Promise<any[]>}
 */
export async function getAll(path, name, signal) {
  const found = [];
  for (let token = ""; ; ) {
    const answer = await get(path, { page_size: 1000, page_token: token }, signal);
    found.push(...answer[name]);
    token = answer.next_page_token;
    if (!token) return found;
  }
}

/**
 * JSON of a POST of JSON; null where the answer is empty.
 * @param {string} path @param {unknown} [body] @param {RequestInit} [options] @returns {Promise<any>}
 */
export async function post(path, body = {}, options = {}) {
  return content(await call("POST", path, undefined, JSON.stringify(body), options, "application/json"));
}

/**
 * JSON of a PUT of octets.
 * @param {string} path @param {Uint8Array} body @param {Query} [query] @param {RequestInit} [options] @returns {Promise<any>}
 */
export async function put(path, body, query, options = {}) {
  return content(await call("PUT", path, query, /** @type {BodyInit} */ (body), options, "application/octet-stream"));
}

/**
 * JSON of a PUT of JSON.
 * @param {string} path @param {unknown} body @returns {Promise<any>}
 */
export async function putJson(path, body) {
  return content(await call("PUT", path, undefined, JSON.stringify(body), {}, "application/json"));
}

/**
 * JSON of a DELETE; null where the answer is empty.
 * @param {string} path @returns {Promise<any>}
 */
export async function remove(path) {
  return content(await call("DELETE", path));
}

/**
 * The octets of a GET, with the headers of the answer.
 * @param {string} path @param {Query} [query] @param {AbortSignal} [signal]
 * @returns {Promise<{bytes: Uint8Array, headers: Headers}>}
 */
export async function octets(path, query, signal) {
  const answer = await call("GET", path, query, undefined, { signal });
  return { bytes: new Uint8Array(await answer.arrayBuffer()), headers: answer.headers };
}

/**
 * Listens to server-sent events called `name`; the returned function ends that.
 * It connects again after 1 to 30 seconds, and rests while nobody looks at the page.
 * @param {string} path @param {Query | undefined} query @param {string} name @param {(value: any) => void} heard
 * @param {(live: boolean) => void} [told] told whether it is connected
 * @returns {() => void}
 */
export function events(path, query, name, heard, told = () => {}) {
  /** @type {EventSource | null} */
  let source = null;
  let pause = 1000;
  let timer = 0;
  let ended = false;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    if (ended || source || document.hidden) return;
    source = new EventSource(address(path, query));
    source.addEventListener("open", () => {
      pause = 1000;
      told(true);
    });
    source.addEventListener(name, (event) => heard(JSON.parse(/** @type {MessageEvent} */ (event).data)));
    source.addEventListener("error", () => {
      told(false);
      close();
      // A stream doesn't say why it ended: whether one is signed out, or the server is away, this call tells.
      get("/api/me").catch(() => undefined);
      timer = setTimeout(open, pause);
      pause = Math.min(2 * pause, 30000);
    });
  };
  const looked = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", looked);
  open();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", looked);
    close();
  };
}

/** @param {string} path @param {Query} [query] */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const words = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return words ? `${path}?${words}` : path;
}

/**
 * @param {string} method @param {string} path @param {Query} [query] @param {BodyInit} [body]
 * @param {RequestInit} [options] @param {string} [type]
 */
async function call(method, path, query, body, options = {}, type) {
  const headers = new Headers({ accept: "application/json" });
  if (method !== "GET") headers.set("X-Madseg", "1");
  if (type) headers.set("content-type", type);
  let answer;
  try {
    answer = await fetch(address(path, query), { credentials: "same-origin", ...options, method, headers, body });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    reach(false);
    throw new ApiError(
      0,
      "Not connected",
      "The server can’t be reached: check the network, or whether madseg is running.",
    );
  }
  reach(true);
  if (answer.ok) return answer;
  throw await refusal(answer, path);
}

/** @param {Response} answer @param {string} path */
async function refusal(answer, path) {
  /** @type {any} */
  const problem = await answer.json().catch(() => ({}));
  const plain = typeof problem.detail === "string" ? problem.detail : `the server answered ${answer.status}`;
  const error = new ApiError(
    answer.status,
    problem.title ?? `Error ${answer.status}`,
    plain,
    problem.field ?? null,
    Number(answer.headers.get("retry-after")) || 0,
  );
  if (error.status === 401 && path !== "/api/session") signals.dispatchEvent(new Event("signin"));
  return error;
}

/** @param {Response} answer */
async function content(answer) {
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** @param {boolean} now */
function reach(now) {
  if (now === reachable) return;
  reachable = now;
  signals.dispatchEvent(new Event("connection"));
}

// Without a network there may still be a madseg on this machine, and an answer that was under way says nothing of what
// comes after it: a call of its own tells.
addEventListener("offline", () => {
  reach(false);
  get("/api/me").catch(() => undefined);
});
