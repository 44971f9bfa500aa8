import { expect, test } from "vitest";
import { flip, foldFrom, foldOneLess, foldOneMore, isCollapsed, OPEN, readFolding, reveal, writeFolding } from "./folding";
import { findMatches, step } from "./match";
import { span } from "./sample";
import { buildTree, hasChildren, selfTime, visibleRows } from "./tree";

/** root(0) ┬ a(1) ─ a1(2) ; ├ b(3) ┬ b1(4) ; │ └ b2(5) ; other root(6) */
const tree = buildTree([
  span("root", 0, 0, 1000),
  span("a", 1, 0, 300),
  span("a1", 2, 10, 100),
  span("b", 1, 200, 500, { service_name: "vllm" }),
  span("b1", 2, 250, 100, { status: "error" }),
  span("b2", 2, 300, 200),
  span("other root", 0, 900, 300),
]);
const rows = (folding = OPEN, keep?: Uint8Array) => visibleRows(tree, (index) => isCollapsed(folding, tree, index), keep);
const id = (index: number) => tree.spans[index]!.span_id;

test("parents, subtrees and the total come from the order", () => {
  expect([...tree.parent]).toEqual([-1, 0, 1, 0, 3, 3, -1]);
  expect([...tree.end]).toEqual([6, 3, 3, 6, 5, 6, 7]);
  expect(tree.totalNs).toBe(1200);
  expect(hasChildren(tree, 2)).toBe(false);
});

test("collapsing hides what is below", () => {
  expect(rows()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(rows(flip(OPEN, id(3)))).toEqual([0, 1, 2, 3, 6]);
  expect(rows(foldFrom(0, tree))).toEqual([0, 6]);
  expect(rows(foldFrom(1, tree))).toEqual([0, 1, 3, 6]);
});

test("levels fold and unfold one by one", () => {
  const one = foldOneMore(OPEN, tree);
  expect(rows(one)).toEqual([0, 1, 3, 6]);
  expect(rows(foldOneMore(one, tree))).toEqual([0, 6]);
  expect(foldOneLess(one, tree)).toEqual(OPEN);
});

test("revealing opens just the way to a span", () => {
  expect(rows(reveal(foldFrom(0, tree), tree, 4))).toEqual([0, 1, 3, 4, 5, 6]);
});

test("folding survives the address", () => {
  const folding = flip(foldFrom(1, tree), id(3));
  expect(readFolding(writeFolding(folding))).toEqual(folding);
  expect(writeFolding(OPEN)).toBe("");
  expect(readFolding(undefined)).toEqual(OPEN);
  expect(readFolding("x.<script>")).toEqual(OPEN);
});

test("matches keep what leads to them", () => {
  const matches = findMatches(tree, "B1", false)!;
  expect(matches.list).toEqual([4]);
  expect(rows(OPEN, matches.keep)).toEqual([0, 3, 4]);
  expect(findMatches(tree, "vllm", false)!.list).toEqual([3]);
  expect(findMatches(tree, "", true)!.list).toEqual([4]);
  expect(findMatches(tree, " ", false)).toBeUndefined();
});

test("next and previous go around", () => {
  expect([step([2, 5], -1, 1), step([2, 5], 5, 1), step([2, 5], 2, -1), step([], 0, 1)]).toEqual([2, 2, 5, undefined]);
});

test("self time leaves out children once, however they overlap", () => {
  expect(selfTime(tree, 0)).toBe(1000 - 700);
  expect(selfTime(tree, 3)).toBe(500 - 250);
  expect(selfTime(tree, 2)).toBe(100);
});

test("a hundred thousand spans deep, nothing recurses", () => {
  const deep = buildTree(Array.from({ length: 100_000 }, (_, depth) => span(`s${depth}`, depth, depth, 200_000 - depth)));
  expect(visibleRows(deep, () => false)).toHaveLength(100_000);
  expect(findMatches(deep, "s99999", false)!.list).toEqual([99_999]);
});
