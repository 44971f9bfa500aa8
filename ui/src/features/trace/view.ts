/** What a trace's address says about how it is looked at. */
import type { Window } from "@/charts/scale";
import { asFlag, asOneOf, asText, type Params } from "@/search-params";
import { type Counter, COUNTERS } from "./gpus/counters";

export type Why = "parts" | "path";

export type TraceView = {
  /** Selected span. */
  span?: string;
  /** "start-end" in ns from the start of the trace. */
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

export const writeZoom = ({ start, end }: Window) => `${Math.round(start)}-${Math.round(end)}`;

export function readZoom(text: string | undefined): Window | undefined {
  const match = /^(\d+)-(\d+)$/.exec(text ?? "");
  const window = match && { start: Number(match[1]), end: Number(match[2]) };
  return window && window.start < window.end ? window : undefined;
}
