// @ts-check
/** The small parts that pages are put together from. */

import { ApiError } from "/static/api.js";
import { html, useEffect, useId, useRef } from "/static/view.js";

/** The head of a page. @param {{title: string, children?: any, actions?: any}} props */
export function PageHead({ title, children, actions }) {
  return html`<header class="page-head">
    <div>
      <h1>${title}</h1>
      ${children && html`<p class="lead">${children}</p>`}
    </div>
    ${actions && html`<div class="actions">${actions}</div>`}
  </header>`;
}

/** A part of a page with its heading. @param {{title: string, aside?: any, class?: string, children: any}} props */
export function Part({ title, aside, children, class: name = "" }) {
  const id = useId();
  return html`<section class=${`part ${name}`} aria-labelledby=${id}>
    <div class="part-head"><h2 id=${id}>${title}</h2>${aside && html`<span class="quiet">${aside}</span>`}</div>
    ${children}
  </section>`;
}

/** Grey bars where content will be. @param {{lines?: number, tall?: boolean}} props */
export function Skeleton({ lines = 3, tall = false }) {
  const bars = Array.from({ length: lines }, (_, index) => html`<span key=${index} class="bone"></span>`);
  return html`<div class=${`skeleton ${tall ? "tall" : ""}`} role="status"><span class="hidden">Loading</span>
    ${bars}</div>`;
}

/** Nothing is there yet, and what to do about it. @param {{title: string, children?: any}} props */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children && html`<div>${children}</div>`}</div>`;
}

/** Something went wrong, and what to do about it. @param {{error: any, again?: () => void, what?: string}} props */
export function Failure({ error, again, what = "This" }) {
  return html`<div class="failure" role="alert">
    <p class="failure-title">${what} couldn’t be loaded.</p>
    <p>${advice(error)}</p>
    ${again && html`<button type="button" onClick=${again}>Try again</button>`}
  </div>`;
}

/** What an error says to a person. @param {any} error */
export function advice(error) {
  if (error?.status === 401) return "You are signed out: sign in to go on.";
  const words = sentence(String(error?.message ?? error));
  return error instanceof ApiError && error.status === 503
    ? `${words} It is worth another try in a few seconds.`
    : words;
}

/** @param {string} words */
function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
}

/**
 * One of the three states, or the content.
 * @param {{load: any, what?: string, title?: string, lines?: number, tall?: boolean, children: (value: any) => any}} props
 *   `title` heads the page as long as there is no content that does
 */
export function Loaded({ load, what, title, lines, tall, children }) {
  if (!load.error && load.value !== undefined) return children(load.value);
  return html`
    ${title && html`<${PageHead} title=${title} />`}
    ${load.error ? html`<${Failure} error=${load.error} again=${load.again} what=${what} />` : html`<${Skeleton}
      lines=${lines} tall=${tall} />`}
  `;
}

/** Figures as tiles. @param {{figures: {label: string, value: any, note?: any, mark?: string}[]}} props */
export function Figures({ figures }) {
  return html`<dl class="figures">
    ${figures.map(
      (item) => html`<div key=${item.label} class=${item.mark ?? ""}>
        <dt>${item.label}${item.note && html`<small>${item.note}</small>`}</dt>
        <dd>${item.value}</dd>
      </div>`,
    )}
  </dl>`;
}

/** How much of a whole is done. @param {{label: string, value: number, of: number, words?: string}} props */
export function Meter({ label, value, of, words }) {
  const share = of > 0 ? Math.min(value / of, 1) : 0;
  return html`<div class="meter">
    <div class="track" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax=${of}
      aria-valuenow=${value}>
      <${Bar} share=${share} />
    </div>
    ${words && html`<span class="meter-words">${words}</span>`}
  </div>`;
}

/** A bar that takes a share of its track. @param {{share: number, class?: string}} props */
export function Bar({ share, class: name = "" }) {
  return html`<span class=${`bar ${name}`} style=${{ width: `${100 * share}%` }}></span>`;
}

/** A class's colour. @param {{colour: string}} props */
export function Swatch({ colour }) {
  return html`<span class="swatch" aria-hidden="true" style=${{ background: colour }}></span>`;
}

/** @param {{kind: "good" | "bad" | "busy" | "idle", children: any}} props */
export function Chip({ kind, children }) {
  return html`<span class=${`chip ${kind}`}>${children}</span>`;
}

/**
 * A modal dialog; Escape and a click beside it call `close`.
 * @param {{title: string, close?: () => void, class?: string, keys?: boolean, children: any}} props
 */
export function Dialog({ title, close, class: name = "", keys = false, children }) {
  const id = useId();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.isConnected && before.focus({ preventScroll: true });
  }, []);
  const beside = (/** @type {MouseEvent} */ event) => event.target === dialog.current && close?.();
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    close?.();
  };
  return html`<dialog ref=${dialog} class=${name} aria-labelledby=${id} data-keys=${keys ? "" : undefined}
    onCancel=${cancel} onMouseDown=${beside}>
    <div class="dialog-body">
      <div class="dialog-head">
        <h2 id=${id}>${title}</h2>
        ${close && html`<button type="button" class="plain" aria-label="Close" onClick=${close}>×</button>`}
      </div>
      ${children}
    </div>
  </dialog>`;
}

/**
 * Buttons of which one is chosen.
 * @param {{label: string, value: string, choices: [string, string][], choose: (value: string) => void}} props
 */
export function Switch({ label, value, choices, choose }) {
  const name = useId();
  return html`<fieldset class="switch">
    <legend class="hidden">${label}</legend>
    ${choices.map(
      ([key, words]) => html`<label key=${key}>
        <input type="radio" name=${name} checked=${value === key} onChange=${() => choose(key)} /><span>${words}</span>
      </label>`,
    )}
  </fieldset>`;
}
