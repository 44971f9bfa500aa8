import { expect, test } from "vitest";
import { hasBit, reasonsIn, slowdowns } from "./throttle";

test("bits become reasons, the gravest first", () => {
  expect(reasonsIn(0b0100_0101).map(({ name }) => name)).toEqual(["HW thermal slowdown", "SW power cap", "Idle"]);
  expect(reasonsIn(0)).toEqual([]);
});

test("idle is no slowdown, and neither is what was not measured", () => {
  expect(slowdowns(0b1)).toEqual([]);
  expect(slowdowns(null)).toEqual([]);
  expect(slowdowns(0b101).map(({ name }) => name)).toEqual(["SW power cap"]);
});

test("bits beyond 32 are read", () => {
  expect(hasBit(2 ** 40 + 4, 40)).toBe(true);
  expect(hasBit(2 ** 40 + 4, 2)).toBe(true);
  expect(hasBit(2 ** 40 + 4, 39)).toBe(false);
});
