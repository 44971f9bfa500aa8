import { expect, test } from "vitest";
import { engine, own, page, step } from "@/features/trace/steps/sample";
import { joinPages } from "./steps";

test("pages of a trace become one, whatever places their tables give", () => {
  const [me, mate, other] = [own("a"), { ...own("b"), own: false }, { ...own("c"), own: false }];
  const joined = joinPages([
    page([me, mate], [step(1, 0, { 0: 1, 1: 5 })], "more"),
    page([other, me, mate], [step(2, 1, { 0: 2, 1: 1 }, { preempted: [2] }), step(3, 2, { 1: 1, 2: 1 })]),
  ]);
  expect(joined.engines).toEqual([engine]);
  expect(joined.requests).toEqual([me, mate, other]);
  expect(joined.steps.map((each) => each.requests)).toEqual([[0, 1], [2, 0], [0, 1]]);
  expect(joined.steps.map((each) => each.preempted)).toEqual([[], [1], []]);
  expect(joined.cut).toBe(false);
});

test("a cursor left over says that there is more", () => {
  expect(joinPages([page([own("a")], [step(1, 0, { 0: 1 })], "more")]).cut).toBe(true);
});
