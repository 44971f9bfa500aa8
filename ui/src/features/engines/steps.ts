/** The steps of an engine as charts, and what they come to. */
import type { EngineSummary, Step } from "@/api/types";
import type { Stretch } from "@/charts/clock";
import type { Line, Series } from "@/charts/series";
import { formatMs } from "@/format/duration";
import { formatCompact, formatCount } from "@/format/number";
import { formatShare } from "@/format/quantity";
import { toMs } from "@/format/time";

export type StepChart = { title: string; series: Series; format: (value: number) => string; top?: number; empty?: boolean; nothing?: string };

const count = (value: number) => formatCount(Math.round(value));

/** When a step ran, Unix ms. */
export function stretchOf({ start_time: start, duration_ms: ms }: Step): Stretch {
  const from = toMs(start);
  return { from, to: from + ms };
}

/** What tells an engine from the others at a glance: its model, and of a long id what engines started later do not share. */
export function nameOf(id: string, engines: EngineSummary[]): string {
  const model = engines.find((each) => each.engine_id === id)?.model;
  const short = id.length > 16 ? `…${id.slice(-8)}` : id;
  return model ? `${model.split("/").pop()} ${short}` : short;
}

export const prefillOf = ({ requests }: Step) => requests.reduce((sum, { prefill_tokens: tokens }) => sum + tokens, 0);

/** The charts, in the order of the page; steps come by start. */
export function toCharts(steps: Step[]): StepChart[] {
  const stretches = steps.map(stretchOf);
  const times = { starts: Float64Array.from(stretches, ({ from }) => from), ends: Float64Array.from(stretches, ({ to }) => to) };
  const line = (label: string, color: string, value: (step: Step) => number): Line => ({ label, color, values: Float64Array.from(steps, value) });
  const bars = (title: string, format: StepChart["format"], ...lines: Line[]): StepChart => ({ title, series: { ...times, lines, shape: "bars" }, format });
  const level = (title: string, format: StepChart["format"], only: Line, top?: number): StepChart => ({ title, series: { ...times, lines: [only], shape: "line" }, format, top });
  const preempted = line("Preempted", "var(--color-bad)", (step) => step.preempted_ids.length);
  return [
    bars("Batch size", count, line("Requests", "var(--color-series-1)", (step) => step.requests.length)),
    bars(
      "Tokens",
      formatCompact,
      line("Decode", "var(--color-batch)", (step) => step.total_tokens - prefillOf(step)),
      line("Prefill", "var(--color-prefill)", prefillOf),
    ),
    bars("Duration", formatMs, line("Duration", "var(--color-series-6)", (step) => step.duration_ms)),
    level("KV cache", formatShare, line("Used", "var(--color-series-3)", (step) => step.kv_cache_usage), 1),
    level("Waiting requests", count, line("Waiting", "var(--color-series-4)", (step) => step.waiting)),
    { ...bars("Preemptions", count, preempted), empty: preempted.values.every((value) => value === 0), nothing: "None in these steps" },
  ];
}

export type Summary = { steps: number; medianMs: number; tokensPerSecond: number; busy: number; preemptions: number };

/** What steps by start come to; undefined without any. */
export function summarise(steps: Step[]): Summary | undefined {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return undefined;
  const seconds = (stretchOf(last).to - stretchOf(first).from) / 1000 || 1;
  const sum = (value: (step: Step) => number) => steps.reduce((total, step) => total + value(step), 0);
  const durations = steps.map((step) => step.duration_ms).toSorted((one, other) => one - other);
  return {
    steps: steps.length,
    medianMs: durations[durations.length >> 1]!,
    tokensPerSecond: sum((step) => step.total_tokens) / seconds,
    busy: Math.min(sum((step) => step.busy_seconds) / seconds, 1),
    preemptions: sum((step) => step.preempted_ids.length),
  };
}

/** What to show: a chosen range as it is, a moving one as far as there are steps, and no more than was read. */
export function shown(steps: Step[], range: Stretch, { moving, cut }: { moving: boolean; cut: boolean }): Stretch {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last || !(moving || cut)) return range;
  const from = stretchOf(first).from;
  const to = moving ? Math.max(stretchOf(last).to, from + 1) : range.to;
  return { from, to };
}
