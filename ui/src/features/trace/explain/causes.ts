/** What each cause is called, and its colour in the bar. */
import type { Explanation } from "@/api/types";

export type Part = Explanation["parts"][number];
export type Cause = Part["cause"];

const CAUSES: Record<Cause, { title: string; color: string }> = {
  error: { title: "Error", color: "var(--color-bad)" },
  abort: { title: "Client left", color: "var(--color-bad)" },
  cold_start: { title: "Cold start", color: "var(--color-series-5)" },
  client: { title: "Client and network", color: "var(--color-series-9)" },
  preprocess: { title: "Preparation", color: "var(--color-series-7)" },
  prefill_of_others: { title: "Prefill of others", color: "var(--color-prefill)" },
  running_requests: { title: "Running requests", color: "var(--color-series-8)" },
  engine: { title: "Engine", color: "var(--color-series-10)" },
  preemption: { title: "Preemption", color: "var(--color-bad)" },
  slow_mates: { title: "Slow mates", color: "var(--color-series-4)" },
  prompt: { title: "Prompt", color: "var(--color-series-6)" },
  output: { title: "Output", color: "var(--color-series-1)" },
  between_steps: { title: "Between steps", color: "var(--color-batch)" },
  delivery: { title: "Delivery", color: "var(--color-series-2)" },
  own_time: { title: "Own time", color: "var(--color-series-3)" },
};

export const titleOf = (cause: Cause) => CAUSES[cause].title;
export const colorOf = (cause: Cause) => CAUSES[cause].color;

export const keyOf = ({ kind, name, service_name }: Part) => `${kind} ${name} ${service_name}`;

const COUNTERS: Record<string, string> = {
  running_max: "running",
  waiting_max: "waiting",
  kv_cache_usage_max: "KV cache",
  own_scheduled_tokens: "own tokens",
  own_prefill_tokens: "own prompt tokens",
  others_prefill_tokens: "others' prompt tokens",
  tokens_made: "tokens made",
  input_tokens: "input tokens",
  output_tokens: "output tokens",
  preemptions: "preemptions",
};

/** Counters but those that are zero, or that another says better. */
export const worthSaying = (counters: Record<string, number>) =>
  Object.entries(counters).filter(([name, value]) => value !== 0 && !(name === "own_scheduled_tokens" && (counters.tokens_made || counters.own_prefill_tokens)));

/** "waiting 3", "KV cache 97 %", "engine 81.1 s": a counter as a reader wants it. */
export function writeCounter(name: string, value: number, formatMs: (ms: number) => string): string {
  if (name.endsWith("_ms")) return `${name.slice(0, -3).replaceAll("_", " ")} ${formatMs(value)}`;
  const label = COUNTERS[name] ?? name.replaceAll("_", " ");
  return `${label} ${name.startsWith("kv_cache_usage") ? `${Math.round(value * 100)} %` : Math.round(value).toLocaleString("en-US")}`;
}
