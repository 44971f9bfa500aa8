/** A number that this browser remembers: widths of panes. */
import { useState } from "react";

export function useKept(name: string, initial: number): [number, (value: number) => void] {
  const key = `axonize.${name}`;
  const [value, setValue] = useState(() => Number(localStorage.getItem(key)) || initial);
  const keep = (next: number) => {
    localStorage.setItem(key, String(next));
    setValue(next);
  };
  return [value, keep];
}
