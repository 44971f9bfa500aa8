import { expect, test } from "vitest";
import { rangeOf, readRange } from "./address";

test("two moments in order win over a length, and the default is not written", () => {
  const moments = { from: "2026-11-23T07:00:00.000Z", to: "2026-11-23T08:00:00.000Z" };
  expect(readRange({ ...moments, range: "6h" })).toEqual(moments);
  expect(readRange({ from: moments.to, to: moments.from, range: "6h" })).toEqual({ range: "6h" });
  expect(readRange({ range: "1h" })).toEqual({});
  expect(readRange({ range: "soon" })).toEqual({});
});

test("without anything it is the last hour", () => {
  expect(rangeOf({})).toEqual({ range: "1h" });
  expect(rangeOf({ range: "15m" })).toEqual({ range: "15m" });
  expect(rangeOf({ from: "a", to: "b" })).toEqual({ from: "a", to: "b" });
});
