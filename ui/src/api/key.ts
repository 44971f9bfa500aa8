/** The API key of this browser session, and whether the server is asking for one. */
import { useSyncExternalStore } from "react";

const STORAGE = "axonize.api-key";
const listeners = new Set<() => void>();
let asked = false;

export const storedKey = () => sessionStorage.getItem(STORAGE);

function setAsked(value: boolean) {
  asked = value;
  for (const listener of listeners) listener();
}

/** Say that the server refused the request for want of a valid key. */
export const askForKey = () => setAsked(true);

export const stopAsking = () => setAsked(false);

/** Keep the key until the tab is closed. */
export function storeKey(key: string) {
  sessionStorage.setItem(STORAGE, key);
  setAsked(false);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const useKeyAsked = () => useSyncExternalStore(subscribe, () => asked);
