import { expect, test } from "vitest";
import { span } from "../sample";
import { buildTree } from "../tree";
import { firstEndingAfter, layOut, spanAt } from "./layout";

test("children lie below their parents, and siblings that overlap below each other", () => {
  const flame = layOut(buildTree([span("root", 0, 0, 100), span("a", 1, 0, 40), span("b", 1, 30, 40), span("c", 1, 60, 20), span("d", 2, 60, 20)]));
  expect([...flame.lane]).toEqual([0, 1, 2, 1, 3]);
  expect(flame.lanes).toBe(4);
  expect([...flame.spans]).toEqual([0, 1, 3, 2, 4]);
  expect([...flame.first]).toEqual([0, 1, 3, 4, 5]);
});

test("a span of another clock is not drawn before its parent", () => {
  const flame = layOut(buildTree([span("root", 0, 10, 10), span("early", 1, 0, 15), span("over", 1, 0, 5)]));
  expect([...flame.start]).toEqual([10, 10, 10]);
  expect([...flame.end]).toEqual([20, 15, 10]);
});

test("no two spans of a lane overlap, and every one is below its parent", () => {
  let state = 7;
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const spans = [span("root", 0, 0, 1000)];
  while (spans.length < 500) spans.push(span("child", 1 + next(spans.at(-1)!.depth + 1), next(1000), next(200)));
  const tree = buildTree(spans);
  const flame = layOut(tree);
  for (let lane = 0; lane < flame.lanes; lane++)
    for (let at = flame.first[lane]! + 1; at < flame.first[lane + 1]!; at++) expect(flame.start[flame.spans[at]!]).toBeGreaterThanOrEqual(flame.end[flame.spans[at - 1]!]!);
  tree.parent.forEach((parent, index) => expect(flame.lane[index]).toBeGreaterThan(parent < 0 ? -1 : flame.lane[parent]!));
});

test("a hundred thousand siblings at once are a hundred thousand lanes", () => {
  const spans = [span("root", 0, 0, 1e6), ...Array.from({ length: 100_000 }, (_, at) => span("sibling", 1, at, 1e6))];
  expect(layOut(buildTree(spans)).lanes).toBe(100_001);
});

test("what lies under the pointer, or beside it: errors first", () => {
  const failed = span("failed", 1, 22, 1, { status: "error" });
  const flame = layOut(buildTree([span("root", 0, 0, 100), span("a", 1, 0, 10), span("b", 1, 20, 1), failed, span("c", 1, 50, 1)]));
  expect(spanAt(flame, 0, 99, 0)).toBe(0);
  expect(spanAt(flame, 1, 12, 1)).toBe(-1);
  expect(spanAt(flame, 1, 12, 3)).toBe(1);
  expect(spanAt(flame, 1, 20.5, 2)).toBe(3);
  expect(spanAt(flame, 1, 60, 20)).toBe(4);
  expect(spanAt(flame, 9, 60, 20)).toBe(-1);
  expect(firstEndingAfter(flame, 1, 60)).toBe(flame.first[2]);
});
