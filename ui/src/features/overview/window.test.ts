import { expect, test } from "vitest";
import { before, bucketsOf, wholeOf } from "./window";

const NOW = Date.parse("2026-11-23T12:00:07Z");

test("a range that moves along ends with the last bucket that is over", () => {
  expect(bucketsOf({ range: "1h" }, NOW)).toEqual({ from: "2026-11-23T11:00:00.000Z", to: "2026-11-23T12:00:00.000Z", points: 120 });
  expect(bucketsOf({ range: "1h" }, NOW + 20_000).to).toBe("2026-11-23T12:00:00.000Z");
});

test("one that does not holds both of its ends", () => {
  const range = { from: "2026-11-23T07:00:10.000Z", to: "2026-11-23T07:59:50.000Z" };
  expect(bucketsOf(range, NOW)).toEqual({ from: "2026-11-23T07:00:00.000Z", to: "2026-11-23T08:00:00.000Z", points: 120 });
});

test("the same length lies before it", () => {
  const window = { from: "2026-11-23T11:00:00.000Z", to: "2026-11-23T12:00:00.000Z" };
  expect(before(window)).toEqual({ from: "2026-11-23T10:00:00.000Z", to: "2026-11-23T11:00:00.000Z", points: 1 });
  expect(wholeOf(window)).toEqual({ ...window, points: 1 });
});
