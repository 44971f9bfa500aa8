/** Light, dark, or whatever the system says; kept in this browser. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const STORAGE = "axonize.theme";
const ORDER: Theme[] = ["system", "light", "dark"];
const listeners = new Set<() => void>();

const isTheme = (value: unknown): value is Theme => ORDER.includes(value as Theme);

export function storedTheme(): Theme {
  const value = localStorage.getItem(STORAGE);
  return isTheme(value) ? value : "system";
}

export const nextTheme = (theme: Theme): Theme => ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length]!;

/** Put the stored theme on the document; styles.css does the rest. */
export function applyTheme(theme = storedTheme()) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function setTheme(theme: Theme) {
  localStorage.setItem(STORAGE, theme);
  applyTheme(theme);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  listeners.add(listener);
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}

const isDark = (theme: Theme) =>
  theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);

/** The chosen theme, and which side it shows now: what a canvas needs to know when to redraw. */
export function useTheme(): { theme: Theme; dark: boolean } {
  const key = useSyncExternalStore(subscribe, () => `${storedTheme()}:${isDark(storedTheme())}`);
  const [theme, dark] = key.split(":") as [Theme, string];
  return { theme, dark: dark === "true" };
}
