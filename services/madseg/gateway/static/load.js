// @ts-check
/** Loading what a component shows: value, error, and another try. */

import { signals } from "/static/api.js";
import { useCallback, useEffect, useState } from "/static/view.js";

/**
 * Runs `load` when the component appears and whenever one of `inputs` changes; late answers to old inputs are dropped.
 * What failed because the server was away is loaded anew once it is back.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load @param {any[]} inputs
 * @returns {{value: T | undefined, error: any, loading: boolean, again: () => void, set: (value: T) => void}}
 */
export function useLoad(load, inputs) {
  const [state, setState] = useState(/** @type {any} */ ({ value: undefined, error: undefined, loading: true }));
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setState((/** @type {any} */ old) => ({ ...old, error: undefined, loading: true }));
    load(abort.signal).then(
      (value) => !abort.signal.aborted && setState({ value, error: undefined, loading: false }),
      (error) => !abort.signal.aborted && setState({ value: undefined, error, loading: false }),
    );
    return () => abort.abort();
  }, [...inputs, tries]);
  const again = useCallback(() => setTries((count) => count + 1), []);
  useOnceBack(state.error, again);
  const set = useCallback((/** @type {T} */ value) => setState({ value, error: undefined, loading: false }), []);
  return { ...state, again, set };
}

/** Tries again once the server is back or somebody has signed in, where there was an error. @param {any} error @param {() => void} again */
export function useOnceBack(error, again) {
  useEffect(() => {
    if (!error) return undefined;
    signals.addEventListener("connection", again);
    signals.addEventListener("signedin", again);
    return () => {
      signals.removeEventListener("connection", again);
      signals.removeEventListener("signedin", again);
    };
  }, [error]);
}
