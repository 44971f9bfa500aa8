import { expect, test } from "vitest";
import { gapOf, highest, isEmpty, placeAt, placeUnder, roundTop, type Series } from "./series";

const series = (values: number[], shape: Series["shape"] = "line"): Series => ({
  starts: Float64Array.from(values, (_, place) => place * 10),
  ends: Float64Array.from(values, (_, place) => place * 10 + 5),
  lines: [{ label: "a", color: "red", values: Float64Array.from(values) }],
  shape,
});

test("the value at a moment is the one that lasts then, else the nearest in reach", () => {
  const three = series([1, 2, 3]);
  expect([0, 4, 6, 9, 10, 25].map((at) => placeAt(three, at, 4))).toEqual([0, 0, 0, 1, 1, 2]);
  expect(placeAt(three, 40, 4)).toBe(-1);
  expect(placeAt(three, -40, 4)).toBe(-1);
  expect(placeAt(series([]), 0, 100)).toBe(-1);
});

test("a pointer means what is as near as the chart says it is, whatever lies between", () => {
  const far = { starts: Float64Array.of(0, 500), ends: Float64Array.of(10, 510), lines: [], shape: "bars" as const };
  const hour = { from: 0, to: 1_000 };
  expect([5, 34, 35, 475, 476].map((at) => placeUnder(far, at, hour))).toEqual([0, 0, -1, -1, 1]);
});

test("a gap is three times the usual distance", () => {
  expect(gapOf({ starts: Float64Array.of(0, 10, 20, 500, 510) })).toBe(30);
  expect(gapOf({ starts: Float64Array.of(7) })).toBe(Infinity);
});

test("the highest is that of the band, and of all bars at one place together", () => {
  const lines = series([1, Number.NaN, 3]);
  expect(highest(lines)).toBe(3);
  lines.lines[0]!.high = Float64Array.of(9, Number.NaN, 4);
  expect(highest(lines)).toBe(9);
  const bars = series([1, 2, 3], "bars");
  bars.lines.push({ label: "b", color: "blue", values: Float64Array.of(0, 5, 1) });
  expect(highest(bars)).toBe(7);
});

test("a chart without a number is empty", () => {
  expect(isEmpty(series([Number.NaN]))).toBe(true);
  expect(isEmpty(series([0]))).toBe(false);
});

test.each([
  [0, 1],
  [0.3, 0.4],
  [61, 80],
  [412, 500],
  [1980, 2000],
  [1000, 1000],
])("the axis over %d ends at %d", (value, top) => expect(roundTop(value)).toBeCloseTo(top));
