import { expect, test } from "vitest";
import { ALL } from "./shortcut-sheet";

const SOURCES = import.meta.glob<string>("./**/*.tsx", { query: "?raw", import: "default", eager: true });
const SHOWN: Record<string, string> = { "-": "−", "=": "+", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→" };

const onSheet = new Set(ALL.flatMap(({ keys }) => keys.flatMap(([key]) => key.split(" "))));

/** Without what stands in parentheses, however deep. */
function withoutCalls(text: string): string {
  const less = text.replace(/\([^()]*\)/g, "");
  return less === text ? text : withoutCalls(less);
}

/** The keys of every map that is given to useKeys, and those that buttons name. */
function keysOf(source: string): string[] {
  const maps = [...source.matchAll(/useKeys\(\{([\s\S]*?)\}\);/g)].map((match) => match[1]!);
  const bound = maps.map(withoutCalls).flatMap((map) => [...map.matchAll(/(?:^|[\s,{])(?:"([^"]+)"|([\w$?]+)):(?= )/g)].map((match) => match[1] ?? match[2]!));
  const named = [...source.matchAll(/shortcut="([^"]+)"/g)].map((match) => match[1]!);
  return [...bound, ...named].map((key) => SHOWN[key] ?? key);
}

test("every shortcut of the pages is on the sheet", () => {
  const found = Object.entries(SOURCES).flatMap(([path, source]) => (path.includes(".test.") ? [] : keysOf(source).map((key) => `${path} ${key}`)));
  expect(found.length).toBeGreaterThan(40);
  expect(found.filter((each) => !onSheet.has(each.split(" ")[1]!))).toEqual([]);
});

test("the sheet names no key that nothing listens to", () => {
  const bound = new Set(Object.values(SOURCES).flatMap(keysOf));
  const focused = new Set(["Enter", "Esc", "←", "→", "↑", "↓"]); // of what has the focus, by onKeyDown
  expect([...onSheet].filter((key) => !bound.has(key) && !focused.has(key))).toEqual([]);
});
