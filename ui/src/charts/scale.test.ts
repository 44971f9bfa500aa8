import { expect, test } from "vitest";
import { around, clamp, isWhole, pan, ticks, toFraction, zoomAt } from "./scale";

const TOTAL = 1_000_000;

test("zooming keeps the moment under the pointer", () => {
  const before = { start: 200_000, end: 600_000 };
  const after = zoomAt(before, 0.25, 0.5, TOTAL);
  expect(after).toEqual({ start: 250_000, end: 450_000 });
  expect(toFraction(after, 300_000)).toBe(0.25);
});

test("zooming out ends at the whole", () => {
  expect(zoomAt({ start: 10, end: 900_000 }, 0.9, 10, TOTAL)).toEqual({ start: 0, end: TOTAL });
  expect(isWhole({ start: 0, end: TOTAL }, TOTAL)).toBe(true);
});

test("zooming in ends at ten nanoseconds", () => {
  const window = zoomAt({ start: 500, end: 512 }, 0.5, 0.001, TOTAL);
  expect(window.end - window.start).toBe(10);
});

test("panning stops at the ends and keeps the length", () => {
  expect(pan({ start: 100_000, end: 200_000 }, -3, TOTAL)).toEqual({ start: 0, end: 100_000 });
  expect(pan({ start: 800_000, end: 900_000 }, 5, TOTAL)).toEqual({ start: 900_000, end: TOTAL });
});

test("a window outside is moved inside", () => {
  expect(clamp({ start: -50, end: 50 }, TOTAL)).toEqual({ start: 0, end: 100 });
});

test("a one-nanosecond span can still be looked at", () => {
  const window = around(500_000, 1, TOTAL);
  expect(window.start).toBeLessThan(500_000);
  expect(window.end).toBeGreaterThan(500_001);
  expect(window.end - window.start).toBeLessThan(20);
});

test("ticks are round, in the window, and told apart", () => {
  const marks = ticks({ start: 250_000, end: 260_000 }, 800);
  expect(marks.map((tick) => tick.label)).toEqual(["250 µs", "252 µs", "254 µs", "256 µs", "258 µs", "260 µs"]);
  expect(marks[1]!.fraction).toBeCloseTo(0.2);
  expect(ticks({ start: 1_000_000_000, end: 1_000_000_400 }, 500).map((tick) => tick.label)).toContain("1.0000002 s");
});

test("no width, no ticks", () => expect(ticks({ start: 0, end: 10 }, 0)).toEqual([]));
