import { expect, test } from "vitest";
import { joinPages } from "@/api/steps";
import type { SpanNode, StepRequest, TraceStep } from "@/api/types";
import { span } from "../sample";
import { buildTree } from "../tree";
import { withStrips } from ".";
import { own, page, step } from "./sample";
import { buildStrips, firstAnchor, mayHaveSteps } from "./strips";
import { sayings } from "./summary";

const MILLI = 1e6;

/** A request's span with its phases and its time in the engine. */
function request(name: string, until = 100): SpanNode[] {
  const id = `span-${name}`;
  const parent = { parent_span_id: id };
  return [
    span("chat", 0, 0, until * MILLI, { span_id: id }),
    span("engine.request", 1, 0, until * MILLI, parent),
    span("decode", 1, 0, until * MILLI, parent),
    span("delivery", 1, until * MILLI, 1, parent),
  ];
}

const mate: StepRequest = { request_id: "m", trace_id: "other", span_id: "s", own: false };

const strips = (spans: SpanNode[], requests: StepRequest[], steps: TraceStep[]) =>
  buildStrips(buildTree(spans), joinPages([page(requests, steps)]));

test("the columns and the summary of one request among mates", () => {
  const [strip, none] = strips(
    request("a"),
    [own("a"), mate, { ...mate, request_id: "n" }],
    [
      step(1, 0, { 0: 8, 1: 2 }, { prefill: { 0: 8 }, duration_ms: 2 }),
      step(2, 2, { 0: 1 }),
      step(3, 3, { 0: 1, 1: 1, 2: 98 }, { prefill: { 2: 98 }, duration_ms: 7 }),
    ],
  );
  expect(none).toBeUndefined();
  expect(strip).toMatchObject({ anchor: 2, request: 0 });
  expect([...strip!.start]).toEqual([0, 2 * MILLI, 3 * MILLI]);
  expect([...strip!.end]).toEqual([2 * MILLI, 3 * MILLI, 10 * MILLI]);
  expect([...strip!.ownPrefill]).toEqual([0.8, 0, 0]);
  expect([...strip!.otherPrefill]).toEqual([0, 0, 0.98]);
  expect(strip!.summary).toEqual({ steps: 3, fewest: 1, most: 3, shared: 0.7, mates: 2, preemptions: 0 });
  expect(sayings(strip!.summary)).toEqual(["3 steps", "batch 1–3", "70 % of its step time shared with prefill", "mates: 2 requests"]);
});

test("time in which steps overlap counts once", () => {
  const [strip] = strips(request("a"), [own("a"), mate], [
    step(1, 0, { 0: 1 }, { duration_ms: 6 }),
    step(2, 4, { 0: 1, 1: 9 }, { prefill: { 1: 9 }, duration_ms: 4 }),
    step(3, 5, { 0: 1 }, { duration_ms: 1 }),
  ]);
  expect([...strip!.start]).toEqual([0, 6 * MILLI, 8 * MILLI]);
  expect([...strip!.end]).toEqual([6 * MILLI, 8 * MILLI, 8 * MILLI]);
  expect(strip!.summary.shared).toBe(0.25);
});

test("a step it was preempted for is marked and not counted as ridden", () => {
  const [strip] = strips(request("a"), [own("a"), mate], [
    step(1, 0, { 0: 1, 1: 1 }),
    step(2, 1, { 1: 1 }, { preempted: [0] }),
    step(9, 8, { 0: 2, 1: 1 }),
  ]);
  expect([...strip!.preempted]).toEqual([0, 1, 0]);
  expect(strip!.summary).toMatchObject({ steps: 2, fewest: 2, preemptions: 1 });
});

test("of several requests those are marked that the step names", () => {
  const requests = [own("a"), own("b"), own("c")];
  const spans = [...request("a"), ...request("b"), ...request("c", 2)];
  const found = strips(spans, requests, [
    step(1, 0, { 0: 1, 1: 1, 2: 1 }),
    step(2, 3, { 0: 1 }, { preempted: [1] }),
    step(3, 4, {}, { preempted: [0] }),
    step(4, 5, { 0: 1, 1: 1 }),
  ]);
  expect(found.map(({ steps, preempted }) => steps.map(({ number }, at) => (preempted[at] ? -number : number)))).toEqual([
    [1, 2, -3, 4],
    [1, -2, 4],
    [1],
  ]);
});

test("a strip lies below decode, else below the engine's span, and goes with its row", () => {
  const aborted = request("b").filter(({ name }) => name !== "decode");
  const made = strips([...request("a"), ...aborted], [own("a"), own("b"), own("elsewhere")], [step(1, 0, { 0: 1, 1: 1, 2: 1 })]);
  expect(made.map((strip) => strip.anchor)).toEqual([2, 5]);
  expect(withStrips([0, 1, 2, 3, 4, 5, 6], made)).toEqual([0, 1, 2, ~0, 3, 4, 5, ~1, 6]);
  expect(withStrips([0, 4, 5, 6], made)).toEqual([0, 4, 5, ~1, 6]);
  expect(firstAnchor(buildTree([...request("a"), ...aborted]))).toBe(2);
  expect(firstAnchor(buildTree(aborted))).toBe(1);
});

test("steps are asked for where there was an engine", () => {
  expect(mayHaveSteps(buildTree(request("a")))).toBe(true);
  expect(mayHaveSteps(buildTree([span("generate", 0, 0, 1)]))).toBe(false);
  expect(strips(request("a"), [], [])).toEqual([]);
});
