import { expect, test } from "vitest";
import { type Bins, boxOf, cellAt, columnsFor, countIn, edgeMs, levels, noBins, perColumn, placeOf, toGrid } from "./heatmap";

// 2^(79/4) ns begins the bin of 1 ms, 2^(119/4) ns that of 1 s.
const BINS: Bins = { start: "", width_ms: 1_000, rows_per_doubling: 4, columns: [0, 5, 5], rows: [79, 79, 119], counts: [3, 1, 12], errors: [0, 1, 2] };
const GRID = toGrid(BINS, { from: 10_000, to: 20_000 });

test("a grid holds every bin, with a row free above and below", () => {
  expect([GRID.columns, GRID.low, GRID.high, GRID.most]).toEqual([10, 78, 121, 12]);
  const small = toGrid({ ...BINS, rows: [100, 100, 100] }, { from: 0, to: 10_000 });
  expect(small.high - small.low).toBeGreaterThanOrEqual(12);
  expect(toGrid({ ...BINS, columns: [], rows: [], counts: [], errors: [] }, { from: 0, to: 10_000 }).most).toBe(1);
});

test("a point is in the bin that is drawn there", () => {
  expect(cellAt(GRID, 0.55, 0)).toEqual({ column: 5, row: 120 });
  expect(cellAt(GRID, 2, 2)).toEqual({ column: 9, row: 78 });
});

test("a box has the bounds of its bins, to the nanosecond, whichever corner comes first", () => {
  const box = boxOf(GRID, { column: 5, row: 119 }, { column: 4, row: 79 });
  expect(box).toEqual({ from: 14_000, to: 16_000, min: 0.881744, max: 1_073.741824 });
  expect(boxOf(GRID, { column: 4, row: 79 }, { column: 5, row: 119 })).toEqual(box);
  expect(edgeMs(120, 4)).toBe(2 ** 30 / 1e6);
  expect(countIn(GRID, box)).toEqual({ count: 13, errors: 3 });
});

test("a box is drawn over its bins", () => {
  const { left, right, top, bottom } = placeOf(GRID, boxOf(GRID, { column: 4, row: 119 }, { column: 5, row: 119 }));
  expect([left, right]).toEqual([0.4, 0.4]);
  expect(top).toBeCloseTo(1 / 43, 3);
  expect(bottom).toBeCloseTo(41 / 43, 3);
});

test("durations at the side are round", () => {
  expect(levels(GRID).map(({ label }) => label)).toEqual(["1 ms", "10 ms", "100 ms", "1 s"]);
  const short = toGrid({ ...BINS, rows: [116, 117, 119] }, { from: 0, to: 1 });
  expect(levels(short).map(({ label }) => label)).toEqual(["500 ms", "1 s", "2 s"]);
});

test("the columns add up", () => {
  const { ok, failed } = perColumn(GRID);
  expect([...ok]).toEqual([3, 0, 0, 0, 0, 10, 0, 0, 0, 0]);
  expect([...failed]).toEqual([0, 0, 0, 0, 0, 3, 0, 0, 0, 0]);
  expect([columnsFor(0), columnsFor(1_200), columnsFor(9_000)]).toEqual([40, 200, 240]);
});

test("nothing has as many columns as what is waited for", () => {
  const day = { from: 0, to: 86_400_000 };
  expect(toGrid(noBins(day, 144), day)).toMatchObject({ columns: 144, width: 600_000, most: 1 });
});
