import { expect, test } from "vitest";
import { joinPages } from "@/api/steps";
import type { TraceStep } from "@/api/types";
import { span } from "../sample";
import { buildTree } from "../tree";
import { cellsIn, stepAt, waitsOf } from "./cells";
import { batchHeight } from "./paint";
import { own, page, step } from "./sample";
import { buildStrips } from "./strips";

const MILLI = 1e6;

function stripOf(steps: TraceStep[]) {
  const tree = buildTree([span("chat", 0, 0, 1, { span_id: "span-a" })]);
  return buildStrips(tree, joinPages([page([own("a"), { ...own("m"), own: false }], steps)]))[0]!;
}

const window = (from: number, to: number) => ({ start: from * MILLI, end: to * MILLI });

test("a wide step is a cell where its time is", () => {
  const strip = stripOf([step(1, 10, { 0: 1, 1: 3 }, { prefill: { 1: 3 }, duration_ms: 20 }), step(2, 40, { 0: 1 }, { duration_ms: 10 })]);
  expect(cellsIn(strip, window(0, 100), 1000)).toEqual([
    { left: 100, width: 200, batch: 2, ownPrefill: 0, otherPrefill: 0.75, preempted: false, steps: 1 },
    { left: 400, width: 100, batch: 1, ownPrefill: 0, otherPrefill: 0, preempted: false, steps: 1 },
  ]);
  expect(cellsIn(strip, window(20, 40), 100)).toMatchObject([{ left: -50, width: 100 }]);
  expect(cellsIn(strip, window(60, 90), 100)).toEqual([]);
});

test("steps in one pixel are one cell: largest batch, shares by time, and no preemption lost", () => {
  const strip = stripOf([
    step(1, 0, { 0: 1 }, { duration_ms: 3 }),
    step(2, 3, { 0: 1, 1: 3 }, { prefill: { 1: 3 } }),
    step(3, 4, { 1: 1 }, { preempted: [0] }),
    step(4, 5, { 0: 4 }, { prefill: { 0: 4 }, duration_ms: 5 }),
    step(5, 10, { 0: 1 }),
  ]);
  const cells = cellsIn(strip, window(0, 1000), 100);
  expect(cells).toEqual([
    { left: 0, width: 1, batch: 2, ownPrefill: 0.5, otherPrefill: expect.closeTo(0.075), preempted: true, steps: 4 },
    { left: 1, width: 1, batch: 1, ownPrefill: 0, otherPrefill: 0, preempted: false, steps: 1 },
  ]);
});

test("thousands of steps come to no more cells than pixels, and all of them are in one", () => {
  const strip = stripOf(Array.from({ length: 5000 }, (_, at) => step(at, at, { 0: 1 }, { preempted: at === 2500 ? [0] : [] })));
  const cells = cellsIn(strip, window(0, 5000), 800);
  expect(cells.length).toBeLessThanOrEqual(800);
  expect(cells.reduce((sum, cell) => sum + cell.steps, 0)).toBe(5000);
  expect(cells.filter((cell) => cell.preempted)).toMatchObject([{ left: 400 }]);
});

test("the step at a moment, the nearest in reach, a preempted one before all", () => {
  const strip = stripOf([step(1, 0, { 0: 1 }), step(2, 1, { 1: 1 }, { preempted: [0] }), step(3, 2, { 0: 1 }, { duration_ms: 8 }), step(4, 20, { 0: 1 })]);
  const at = (ms: number, reach: number) => stepAt(strip, ms * MILLI, reach * MILLI);
  expect(at(0.5, 0.1)).toBe(0);
  expect(at(5, 0.1)).toBe(2);
  expect(at(2.5, 1)).toBe(1);
  expect(at(15, 1)).toBe(-1);
  expect(at(19.5, 1)).toBe(3);
  expect(at(10.4, 1)).toBe(2);
});

test("standing by lasts from a preemption to the next ride", () => {
  const strip = stripOf([step(1, 0, { 0: 1 }), step(2, 1, { 1: 1 }, { preempted: [0] }), step(3, 7, { 0: 1 }), step(4, 8, {}, { preempted: [0] })]);
  expect(waitsOf(strip)).toEqual([[2 * MILLI, 7 * MILLI]]);
});

test("heights go from a batch of one to the largest", () => {
  expect([1, 2, 5].map((batch) => batchHeight(batch, 5, 48))).toEqual([12, 19, 40]);
  expect(batchHeight(1, 1, 48)).toBe(12);
  expect(batchHeight(0, 1, 48)).toBe(0);
});
