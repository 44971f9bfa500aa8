import { expect, test } from "vitest";
import { historyOf, readMoment, readUsd } from "./price";

test("a price is dollars with a point or a comma, and not below nothing", () => {
  expect(["2.5", "2,5", " $ 12 ", "0", ".5", "7."].map(readUsd)).toEqual([2.5, 2.5, 12, 0, 0.5, 7]);
  expect(["", "-1", "2.5.1", "1e3", "two", "1000000001", "1,000"].map(readUsd)).toEqual(Array(7).fill(undefined));
});

test("a moment is local time, and now without one", () => {
  expect(readMoment("")).toBeNull();
  expect(readMoment("2026-03-01T12:30")).toBe(new Date(2026, 2, 1, 12, 30).toISOString());
  expect(readMoment("soon")).toBeUndefined();
});

test("of the prices that were set one holds now, and the newest comes first", () => {
  const prices = [1, 2, 3].map((usd) => ({ valid_from: `2026-0${usd}-01T00:00:00Z`, cost_per_hour_usd: usd }));
  const shown = (now: string) => historyOf(prices, Date.parse(now)).map(({ cost_per_hour_usd: usd, state }) => [usd, state]);
  expect(shown("2026-02-10T00:00:00Z")).toEqual([[3, "later"], [2, "now"], [1, "before"]]);
  expect(shown("2025-01-01T00:00:00Z").map(([, state]) => state)).toEqual(["later", "later", "later"]);
  expect(historyOf([], 0)).toEqual([]);
});
