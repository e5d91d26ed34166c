// @ts-check
/** What every component needs: Preact, its hooks, and `html` templates, from one place. */

import { h } from "/static/lib/preact.js";
import htm from "/static/lib/htm.js";

export { Fragment, createContext, h, render } from "/static/lib/preact.js";
export {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "/static/lib/hooks.js";

/** Tagged template that makes virtual nodes; what is put in is text, never markup. */
export const html = htm.bind(h);
