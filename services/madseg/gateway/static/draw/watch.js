// @ts-check
/** Components that follow what tells of its changes. */

import { useEffect, useState } from "/static/view.js";

/** Renders anew at each of these events. @param {EventTarget | null | undefined} target @param {string} name */
export function useEvents(target, name) {
  const [, setCount] = useState(0);
  useEffect(() => {
    if (!target) return undefined;
    const heard = () => setCount((count) => count + 1);
    target.addEventListener(name, heard);
    return () => target.removeEventListener(name, heard);
  }, [target, name]);
}
