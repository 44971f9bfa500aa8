import { expect, test } from "vitest";
import type { SpanNode } from "@/api/types";
import { criticalPath, findRoot } from "./critical-path";
import { span } from "./sample";
import { buildTree } from "./tree";

const stretches = (spans: SpanNode[]) => criticalPath(buildTree(spans)).stretches.map(({ index, start, end }) => [index, start, end]);

test("of those that run at once the last to end counts", () => {
  const spans = [span("root", 0, 0, 20), span("a", 1, 0, 10), span("b", 1, 4, 2), span("c", 1, 5, 13)];
  expect(stretches(spans)).toEqual([
    [1, 0, 5],
    [3, 5, 18],
    [0, 18, 20],
  ]);
});

test("a child counts as far as its parent's time goes", () => {
  expect(stretches([span("root", 0, 10, 10), span("early and late", 1, 0, 100)])).toEqual([[1, 10, 20]]);
});

test("the engine's own word of a request gives way to its phases", () => {
  const spans = [span("chat", 0, 0, 10), span("prefill", 1, 0, 4), span("decode", 1, 4, 6), span("engine.request", 1, 0, 10)];
  expect(stretches(spans)).toEqual([
    [1, 0, 4],
    [2, 4, 10],
  ]);
});

test("the time of each span is counted, the longest first", () => {
  const { of, totals } = criticalPath(buildTree([span("root", 0, 0, 20), span("a", 1, 2, 4), span("b", 1, 8, 5)]));
  expect(totals).toEqual([
    { index: 0, ns: 11 },
    { index: 2, ns: 5 },
    { index: 1, ns: 4 },
  ]);
  expect(of.get(0)).toHaveLength(3);
});

test("the root is the longest without a parent, and an orphan only where there is no other", () => {
  const orphan = span("orphan", 0, 0, 100, { orphan: true });
  expect(findRoot(buildTree([orphan, span("one", 0, 0, 5), span("two", 0, 0, 9), span("below", 1, 0, 50)]))).toBe(2);
  expect(findRoot(buildTree([orphan]))).toBe(0);
});

/** Numbers that look random and are the same each time. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("on any tree the path sums to the duration of the root, without a gap", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = numbers(seed);
    const spans = [span("root", 0, next(50), 1 + next(1000))];
    while (spans.length < 1 + (seed % 40)) spans.push(span("child", 1 + next(spans.at(-1)!.depth + 1), next(1200), next(600)));
    const { stretches: found, totals } = criticalPath(buildTree(spans));
    const { start_offset_ns: start, duration_ns: length } = spans[0]!;
    expect(totals.reduce((sum, { ns }) => sum + ns, 0)).toBe(length);
    expect(found[0]!.start).toBe(start);
    expect(found.at(-1)!.end).toBe(start + length);
    for (let place = 1; place < found.length; place++) expect(found[place]!.start).toBe(found[place - 1]!.end);
  }
});

test("a trace of ten thousand levels", () => {
  const spans = Array.from({ length: 10_000 }, (_, depth) => span("deeper", depth, depth, 40_000 - 2 * depth));
  expect(criticalPath(buildTree(spans)).totals.reduce((sum, { ns }) => sum + ns, 0)).toBe(40_000);
});
