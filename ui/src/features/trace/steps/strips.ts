/** One strip a request: the engine steps that it rode in, in columns, and what they come to. */
import type { TraceSteps } from "@/api/steps";
import type { TraceStep } from "@/api/types";
import type { Tree } from "../tree";

export const ENGINE_REQUEST = "engine.request";
const DECODE = "decode";
const MILLI = 1e6;

export type Strip = {
  /** The span below whose row it is drawn. */
  anchor: number;
  /** The request, in the table of requests. */
  request: number;
  /** Steps it rode in, and those it was preempted for, by start. */
  steps: TraceStep[];
  /** ns from the start of the trace; steps that overlap begin where the one before ends. */
  start: Float64Array;
  end: Float64Array;
  /** Share of a step's tokens, 0 to 1. */
  ownPrefill: Float64Array;
  otherPrefill: Float64Array;
  preempted: Uint8Array;
  summary: Summary;
};

export type Summary = {
  steps: number;
  fewest: number;
  most: number;
  /** Share of its step time in steps with someone else's prefill, 0 to 1. */
  shared: number;
  mates: number;
  preemptions: number;
};

/** Whether asking for steps can have an answer. */
export const mayHaveSteps = (tree: Tree) => tree.spans.some((span) => span.name === ENGINE_REQUEST);

/** Make a strip for each request of the trace that has steps, in the order of their rows. */
export function buildStrips(tree: Tree, { requests, steps }: TraceSteps): Strip[] {
  const rides = findRides(tree, requests);
  for (const step of steps) {
    for (const at of step.requests) rides.get(at)?.board(step);
    for (const at of step.preempted) rides.get(at)?.preempt(step);
  }
  return [...rides.values()].filter((ride) => ride.steps.length > 0).map(toStrip).toSorted((one, other) => one.anchor - other.anchor);
}

/** What is known of one request while its steps are gathered. */
class Ride {
  readonly steps: TraceStep[] = [];
  readonly preempted: boolean[] = [];
  constructor(
    readonly request: number,
    readonly anchor: number,
  ) {}

  board(step: TraceStep) {
    this.steps.push(step);
    this.preempted.push(false);
  }

  preempt(step: TraceStep) {
    if (this.steps.at(-1) !== step) this.board(step);
    this.preempted[this.steps.length - 1] = true;
  }
}

/** The trace's own requests by their place in the table, those whose span is here. */
function findRides(tree: Tree, requests: TraceSteps["requests"]): Map<number, Ride> {
  const anchors = findAnchors(tree);
  const rides = new Map<number, Ride>();
  requests.forEach(({ own, span_id: id }, at) => {
    if (!own || !id) return;
    const anchor = anchors.get(id) ?? tree.indexOf.get(id);
    if (anchor !== undefined) rides.set(at, new Ride(at, anchor));
  });
  return rides;
}

/** Below which span a request's steps lie, by the id of the request's span: decode, else its time in the engine. */
function findAnchors(tree: Tree): Map<string, number> {
  const lives = new Map<string, number>();
  const decodes = new Map<string, number>();
  tree.spans.forEach(({ name, parent_span_id: parent }, index) => {
    if (parent && name === ENGINE_REQUEST) lives.set(parent, index);
    if (parent && name === DECODE) decodes.set(parent, index);
  });
  return new Map([...lives, ...decodes]);
}

/** Where the first strip will lie as far as the spans tell; -1 where no engine is known. */
export function firstAnchor(tree: Tree): number {
  const [first = tree.spans.findIndex((span) => span.name === ENGINE_REQUEST)] = [...findAnchors(tree).values()].toSorted((one, other) => one - other);
  return first;
}

function toStrip({ request, anchor, steps, preempted }: Ride): Strip {
  const size = steps.length;
  const strip = {
    anchor,
    request,
    steps,
    start: new Float64Array(size),
    end: new Float64Array(size),
    ownPrefill: new Float64Array(size),
    otherPrefill: new Float64Array(size),
    preempted: Uint8Array.from(preempted, Number),
  };
  let reached = Number.NEGATIVE_INFINITY;
  steps.forEach((step, index) => {
    strip.start[index] = Math.max(step.start_offset_ns, reached);
    reached = strip.end[index] = Math.max(reached, step.start_offset_ns + Math.round(step.duration_ms * MILLI));
    const own = step.prefill_tokens[step.requests.indexOf(request)] ?? 0;
    const tokens = sum(step.scheduled_tokens) || 1;
    strip.ownPrefill[index] = own / tokens;
    strip.otherPrefill[index] = (sum(step.prefill_tokens) - own) / tokens;
  });
  return { ...strip, summary: summarise(strip) };
}

const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);

function summarise({ request, steps, start, end, otherPrefill, preempted }: Omit<Strip, "summary">): Summary {
  const met = new Set<number>();
  const ridden = steps.map((step, index) => ({ step, index })).filter(({ step }) => step.requests.includes(request));
  let [time, shared] = [0, 0];
  for (const { step, index } of ridden) {
    const length = end[index]! - start[index]!;
    time += length;
    if (otherPrefill[index]! > 0) shared += length;
    for (const at of step.requests) met.add(at);
  }
  const sizes = ridden.map(({ step }) => step.batch_size);
  return {
    steps: ridden.length,
    fewest: sizes.reduce((one, other) => Math.min(one, other), sizes[0] ?? 0),
    most: sizes.reduce((one, other) => Math.max(one, other), 0),
    shared: time > 0 ? shared / time : 0,
    mates: Math.max(met.size - 1, 0),
    preemptions: preempted.reduce((total, mark) => total + mark, 0),
  };
}
