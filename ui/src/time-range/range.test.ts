import { expect, test } from "vitest";
import { describe as describeRange, parseRange, resolve, widen, within } from "./range";

const NOW = Date.parse("2026-11-23T12:00:00Z");

test.each([
  ["15m", 900_000],
  ["24h", 86_400_000],
  ["7d", 604_800_000],
  ["0h", undefined],
  ["1w", undefined],
])("%s is %s ms", (text, ms) => expect(parseRange(text)).toBe(ms));

test("a relative range ends now, give or take a clock", () => {
  expect(resolve({ range: "1h" }, NOW)).toEqual({ from: "2026-11-23T11:00:00.000Z", to: "2026-11-23T12:01:00.000Z" });
});

test("an absolute range is what it says", () => {
  const range = { from: "2026-11-23T07:00:00.000Z", to: "2026-11-23T08:00:00.000Z" };
  expect(resolve(range, NOW)).toEqual(range);
});

test.each([
  [{ range: "1h" }, "6h"],
  [{ range: "2h" }, "6h"],
  [{ range: "30d" }, undefined],
  [{ from: "2026-11-23T02:00:00.000Z", to: "2026-11-23T03:00:00.000Z" }, "24h"],
])("wider than %j is %s", (range, wider) => expect(widen(range, NOW)?.range).toBe(wider));

test("a range has a name", () => {
  expect(["1h", "15m", "1d", "7d"].map((range) => describeRange({ range }))).toEqual([
    "Last hour",
    "Last 15 minutes",
    "Last day",
    "Last 7 days",
  ]);
});

test("a range in a sentence", () => {
  expect(within({ range: "6h" })).toBe("in the last 6 hours");
  const [from, to] = ["10:00:00", "11:30:00"].map((clock) => new Date(`2026-11-23T${clock}`).toISOString());
  expect(within({ from: from!, to: to! })).toMatch(/^between .*10:00:00 and 11:30:00$/);
});
