/** What a trace's address says about how it is looked at. */
import type { Window } from "@/charts/scale";
import { asFlag, asOneOf, asText, type Params } from "@/search-params";
import { type Counter, COUNTERS } from "./gpus/counters";

export type Why = "parts" | "path";

export type TraceView = {
  /** Selected span. */
  span?: string;
  /** "start-end", both Unix ns; small numbers are ns from the start of the trace. */
  zoom?: string;
  fold?: string;
  q?: string;
  errors?: true;
  /** Show matches only. */
  only?: true;
  /** What is open of the explanation. */
  why?: Why;
  /** How the spans are drawn, when not as a tree. */
  as?: "flame";
  /** What is shown of the GPUs. */
  gpus?: Counter | "off";
};

export function readView(params: Params): TraceView {
  const view: TraceView = {
    span: asText(params.span),
    zoom: asText(params.zoom),
    fold: asText(params.fold),
    q: asText(params.q),
    errors: asFlag(params.errors),
    only: asFlag(params.only),
    why: asOneOf(params.why, ["parts", "path"] as const),
    as: asOneOf(params.as, ["flame"] as const),
    gpus: asOneOf(params.gpus, [...COUNTERS.slice(1), "off"] as const),
  };
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined));
}

/** Absolute, so that a span that arrives late and began earlier does not move what the link shows. */
export const writeZoom = ({ start, end }: Window, traceStart: bigint) => `${traceStart + BigInt(Math.round(start))}-${traceStart + BigInt(Math.round(end))}`;

/** What is shorter than this counts from the start of the trace: eleven days, or some in 1970. */
const ABSOLUTE_NS = 10n ** 15n;

export function readZoom(text: string | undefined, traceStart: bigint): Window | undefined {
  const match = /^(\d{1,19})-(\d{1,19})$/.exec(text ?? "");
  if (!match) return undefined;
  const [from, to] = [BigInt(match[1]!), BigInt(match[2]!)];
  const zero = from < ABSOLUTE_NS ? 0n : traceStart;
  return from < to ? { start: Number(from - zero), end: Number(to - zero) } : undefined;
}
