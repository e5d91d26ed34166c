// @ts-check
/** The shell: who is signed in, which page is shown, how it looks, and whether the server is in reach. */

import { get, online, remove, signals } from "/static/api.js";
import { Empty, Failure, Loaded, PageHead, Skeleton } from "/static/elements.js";
import { useLoad } from "/static/load.js";
import { Session, linkedToken, loadSession, may } from "/static/session.js";
import { sendFor } from "/static/score/queue.js";
import { ShortcutDialog } from "/static/shortcut_dialog.js";
import { useShortcuts } from "/static/shortcuts.js";
import { NameDialog, SignIn, SignInAgain } from "/static/signin.js";
import { applyTheme, nextTheme, setTheme, theme } from "/static/theme.js";
import { html, render, useEffect, useErrorBoundary, useState } from "/static/view.js";

/** Seconds between looks whether the server is back. */
const LOOK_SECONDS = 3;

/** @typedef {{path: string, title: string, roles: string[], key: string, load: () => Promise<any>}} PageEntry */
/** @type {PageEntry[]} */
const PAGES = [
  { path: "overview", title: "Overview", roles: [], key: "o", load: () => page("overview", "Overview") },
  {
    path: "rankings",
    title: "Rankings",
    roles: ["reader", "annotator", "reviewer", "operator"],
    key: "r",
    load: () => page("rankings", "Rankings"),
  },
  { path: "rounds", title: "Rounds", roles: [], key: "n", load: () => page("rounds", "Rounds") },
  { path: "score", title: "Score", roles: ["rater"], key: "s", load: () => page("score", "Score") },
  { path: "draw", title: "Draw", roles: ["annotator"], key: "d", load: () => page("draw", "Draw") },
  { path: "review", title: "Review", roles: ["reviewer"], key: "v", load: () => page("review", "Review") },
  { path: "raters", title: "Raters", roles: ["reviewer", "operator"], key: "a", load: () => page("raters", "Raters") },
];

/** @param {string} file @param {string} name */
async function page(file, name) {
  return (await import(`/static/pages/${file}.js`))[name];
}

/** The parts of the address behind `#/`. */
function parts() {
  return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
}

function App() {
  const session = useLoad(loadSession, []);
  const [again, setAgain] = useState(false);
  useEffect(() => {
    const asked = () => setAgain(true);
    // A link that is pasted over the page that one is on: another person may come.
    const linked = () => linkedToken() !== null && location.reload();
    signals.addEventListener("signin", asked);
    addEventListener("hashchange", linked);
    return () => {
      signals.removeEventListener("signin", asked);
      removeEventListener("hashchange", linked);
    };
  }, []);
  const signedIn = () => {
    setAgain(false);
    session.again();
    signals.dispatchEvent(new Event("signedin"));
  };
  if (session.error?.status === 401) return html`<${SignIn} done=${signedIn} linked=${session.error.linked} />`;
  if (session.error)
    return html`<main class="middle"><${Failure} error=${session.error} again=${session.again} what="madseg" /></main>`;
  if (!session.value) return html`<main class="middle"><${Skeleton} lines=${4} /></main>`;
  return html`<${Session.Provider} value=${session.value}>
    <${Shell} me=${session.value.me} />
    ${again && html`<${SignInAgain} done=${signedIn} />`}
  <//>`;
}

/** @param {{me: import("/static/session.js").Me}} props */
function Shell({ me }) {
  const [path, setPath] = useState(parts);
  const [help, setHelp] = useState(false);
  const pages = PAGES.filter((item) => may(me, ...item.roles));
  useEffect(() => {
    const moved = () => setPath(parts());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => sendFor(me.name), [me]);
  useShortcuts("Everywhere", [
    { keys: ["?"], label: "these shortcuts", run: () => setHelp(true) },
    ...pages.map((item) => ({
      keys: [`g ${item.key}`],
      label: item.title,
      run: () => (location.hash = `#/${item.path}`),
    })),
  ]);
  const entry = PAGES.find((item) => item.path === (path[0] || "overview"));
  return html`
    <a class="skip" href="#content" onClick=${skip}>Skip to the content</a>
    <${Bar} me=${me} pages=${pages} current=${entry?.path} help=${() => setHelp(true)} />
    <${Connection} />
    <main id="content" class=${entry?.path} tabindex="-1" aria-label=${entry?.title}>
      ${entry ? html`<${Place} key=${entry.path} entry=${entry} me=${me}
        path=${path.slice(1)} />` : html`<${Nowhere} />`}
    </main>
    ${help && html`<${ShortcutDialog} close=${() => setHelp(false)} />`}
  `;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** @param {{me: any, pages: PageEntry[], current: string | undefined, help: () => void}} props */
function Bar({ me, pages, current, help }) {
  const [now, setNow] = useState(theme);
  const [naming, setNaming] = useState(false);
  useEffect(
    () => document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [current],
  );
  const turn = () => {
    setTheme(nextTheme());
    setNow(theme());
  };
  return html`<header class="bar-top">
    <a class="brand" href="#/overview"><img src="/static/icon.svg" alt="" width="22" height="22" />madseg</a>
    <nav aria-label="Pages">
      ${pages.map(
        (item) =>
          html`<a key=${item.path} href=${`#/${item.path}`} aria-current=${item.path === current ? "page" : undefined}>
            ${item.title}</a>`,
      )}
    </nav>
    <div class="who">
      <button type="button" class="plain" title=${`Colours: ${now}`} aria-label=${`Colours: ${now}. Change.`}
        onClick=${turn}>
        ${{ auto: "◐", light: "○", dark: "●" }[now]}
      </button>
      <button type="button" class="plain" title="Shortcuts (?)" aria-label="Shortcuts" onClick=${help}>?</button>
      ${
        me.insecure
          ? html`<button type="button" class="plain name" title="Nobody signs in here. Change the name."
            onClick=${() => setNaming(true)}>${me.name}</button>`
          : html`<span class="name" title=${me.roles.join(", ")}>${me.name}</span>
            <button type="button" class="plain" onClick=${signOut}>Sign out</button>`
      }
    </div>
    ${naming && html`<${NameDialog} done=${() => location.reload()} close=${() => setNaming(false)} />`}
  </header>`;
}

async function signOut() {
  await remove("/api/session").catch(() => undefined);
  location.reload();
}

function Connection() {
  const [there, setThere] = useState(online);
  useEffect(() => {
    const changed = () => setThere(online());
    signals.addEventListener("connection", changed);
    return () => signals.removeEventListener("connection", changed);
  }, []);
  useEffect(() => {
    if (there) return undefined;
    const timer = setInterval(() => get("/api/me").catch(() => undefined), 1000 * LOOK_SECONDS);
    return () => clearInterval(timer);
  }, [there]);
  return html`<div role="status" class="connection">
    ${!there && html`<p>
      <strong>Not connected.</strong> What you do is kept in this browser and sent as soon as madseg is back.</p>`}
  </div>`;
}

/** Whether a page was shown already: the next one takes the focus. */
let visited = false;

/** One page: loaded when it is first gone to. @param {{entry: PageEntry, me: any, path: string[]}} props */
function Place({ entry, me, path }) {
  const load = useLoad(entry.load, [entry.path]);
  const [error, reset] = useErrorBoundary((/** @type {any} */ problem) => console.error(problem));
  useEffect(() => {
    document.title = `${entry.title} · madseg`;
    if (visited) document.getElementById("content")?.focus();
    visited = true;
  }, []);
  if (!may(me, ...entry.roles)) return html`<${NotYours} entry=${entry} />`;
  if (error)
    return html`<${PageHead} title=${entry.title} /><${Failure} error=${error} again=${reset} what=${entry.title} />`;
  return html`<${Loaded} load=${load} title=${entry.title} what="The page" lines=${5} tall=${true}>
    ${(/** @type {any} */ Content) => html`<${Content} path=${path} />`}
  <//>`;
}

/** @param {{entry: PageEntry}} props */
function NotYours({ entry }) {
  return html`<${PageHead} title=${entry.title} /><${Empty} title=${`${entry.title} takes another role`}>
    <p>It is open to ${entry.roles.map((role) => `${role}s`).join(", ")} and admins. Whoever runs madseg can give you the role.</p>
  <//>`;
}

function Nowhere() {
  return html`<${PageHead} title="Not found" /><${Empty} title="There is no such page"><p>
    <a href="#/overview">Go to the overview</a></p><//>`;
}

applyTheme();
const root = document.getElementById("app");
if (root) {
  root.textContent = "";
  render(html`<${App} />`, root);
}
