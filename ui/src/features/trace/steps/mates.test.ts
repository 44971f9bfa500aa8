import { expect, test } from "vitest";
import { joinPages } from "@/api/steps";
import { ridersOf, shortId } from "./mates";
import { own, page, step } from "./sample";

test("the request itself comes first, then those of its trace, then mates by tokens", () => {
  const mates = [own("m"), own("n")].map((request) => Object.assign(request, { own: false }));
  const data = joinPages([page([...mates, own("b"), own("a")], [step(1, 0, { 0: 1, 1: 64, 2: 1, 3: 1 }, { prefill: { 1: 60 } })])]);
  expect(ridersOf(data.steps[0]!, 3, data).map(({ request, tokens, prefill, self }) => [request.request_id, tokens, prefill, self])).toEqual([
    ["a", 1, 0, true],
    ["b", 1, 0, false],
    ["n", 64, 60, false],
    ["m", 1, 0, false],
  ]);
});

test("long ids keep both ends", () => {
  expect(shortId("cmpl-1")).toBe("cmpl-1");
  expect(shortId("chatcmpl-7d1f0c52a94e4b0f8f2d5d3c1b6a9e10-8c41f2ab")).toBe("chatcmpl-7d…41f2ab");
});
