// @ts-check
/** Signing in with a token, on a page of its own or over the page that one is on. */

import { post } from "/static/api.js";
import { Dialog, advice } from "/static/elements.js";
import { html, useState } from "/static/view.js";

/** @param {{done: () => void, linked?: boolean}} props `linked`: a link didn't sign in */
export function SignIn({ done, linked = false }) {
  return html`<main class="middle signin">
    <img src="/static/icon.svg" alt="" width="44" height="44" />
    <h1>Sign in to madseg</h1>
    <${Form} done=${done} first=${linked ? "The link’s token has ended, or not all of the link was copied." : ""} />
  </main>`;
}

/** @param {{done: () => void}} props */
export function SignInAgain({ done }) {
  return html`<${Dialog} title="Sign in again" class="narrow">
    <p>Your session has ended. What you did is kept in this browser and goes on once you are signed in.</p>
    <${Form} done=${done} />
  <//>`;
}

/** Where nobody signs in: under which name one works. @param {{done: () => void, close: () => void}} props */
export function NameDialog({ done, close }) {
  return html`<${Dialog} title="Who are you?" close=${close} class="narrow"><${Form} done=${done} named=${true} /><//>`;
}

/** @param {{done: () => void, named?: boolean, first?: string}} props `named` asks for a name, which is the token where there are no tokens; `first` is what is wrong already */
function Form({ done, named = false, first = "" }) {
  const [problem, setProblem] = useState(first);
  const [busy, setBusy] = useState(false);
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const token = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("token")).trim();
    setBusy(true);
    setProblem("");
    try {
      await post("/api/session", { token });
      done();
    } catch (error) {
      setProblem(
        /** @type {any} */ (error).status === 401
          ? "Nobody has this token. Check that all of it was copied."
          : advice(error),
      );
    }
    setBusy(false);
  };
  return html`<form class="fields" onSubmit=${submit}>
    <label class="field">
      <span>${named ? "Name" : "Token"}</span>
      <input name="token" type=${named ? "text" : "password"} maxlength=${named ? 64 : undefined} required
        autocomplete=${named ? "username" : "current-password"} spellcheck=${false} autofocus
        aria-invalid=${problem ? "true" : undefined} aria-describedby="token-note" />
    </label>
    <p id="token-note" class=${problem ? "wrong" : "quiet"} role=${problem ? "alert" : undefined}>
      ${problem || (named ? "Your scores and masks carry it." : "Whoever runs madseg gives you one, with madseg access add.")}
    </p>
    <button class="primary" type="submit" disabled=${busy}>
      ${busy ? "One moment…" : named ? "That’s me" : "Sign in"}</button>
  </form>`;
}
