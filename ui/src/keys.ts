/** Keyboard shortcuts: one listener a page, silent while someone types. */
import { useLayoutEffect, useRef } from "react";

export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

const TYPING = "input:not([type=checkbox]), textarea, select, [contenteditable]";

function isBusy(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  return event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented || Boolean(target?.closest(`${TYPING}, dialog, [role=dialog], [role=menu]`));
}

/** Call `map[event.key]` unless a field, a dialog or a modifier key has the say. */
export function useKeys(map: KeyMap) {
  const latest = useRef(map);
  // Before anything is painted: what is seen can be acted on, by whoever is fast or whatever is slow.
  useLayoutEffect(() => {
    latest.current = map;
  });
  useLayoutEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const act = latest.current[event.key];
      if (!act || isBusy(event)) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}
