// @ts-check
/** Light, dark, or as the system says; remembered in this browser. */

import { signals } from "/static/api.js";

const KEY = "madseg.theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };

/** @returns {"auto" | "light" | "dark"} */
export function theme() {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

/** @param {"auto" | "light" | "dark"} wanted */
export function setTheme(wanted) {
  localStorage.setItem(KEY, wanted);
  applyTheme();
  signals.dispatchEvent(new Event("theme"));
}

/** @returns {"auto" | "light" | "dark"} */
export function nextTheme() {
  return /** @type {any} */ (NEXT[theme()]);
}

/** Puts what is kept into force. */
export function applyTheme() {
  const wanted = theme();
  if (wanted === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
}

/** Calls `changed` whenever the colours are others; the returned function ends that. @param {() => void} changed */
export function onTheme(changed) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  signals.addEventListener("theme", changed);
  return () => {
    system.removeEventListener("change", changed);
    signals.removeEventListener("theme", changed);
  };
}

/** The colour that a token has now, as a canvas takes it. @param {HTMLElement} place @param {string} token such as "--accent" */
export function colourOf(place, token) {
  const before = place.style.color;
  place.style.color = `var(${token})`;
  const colour = getComputedStyle(place).color;
  place.style.color = before;
  return colour;
}
