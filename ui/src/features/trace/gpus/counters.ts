/** What the GPUs of a trace can show under its spans. */
import type { GpuMetrics, SpanNode } from "@/api/types";
import type { Stretch } from "@/charts/clock";
import { placeAt, type Series } from "@/charts/series";
import { formatBytes, formatShare, formatWatts } from "@/format/quantity";
import { type Gauge, timesOf } from "../../gpu/charts";

export const COUNTERS = ["power", "utilization", "memory"] as const;
export type Counter = (typeof COUNTERS)[number];

type Measure = { label: string; gauge: Gauge; color: string; format: (value: number) => string };

export const MEASURES: Record<Counter, Measure> = {
  power: { label: "Power", gauge: "power_w", color: "var(--color-series-8)", format: formatWatts },
  utilization: { label: "Utilisation", gauge: "utilization", color: "var(--color-series-1)", format: formatShare },
  memory: { label: "Memory", gauge: "memory_used_bytes", color: "var(--color-series-3)", format: formatBytes },
};

/** GPUs are sampled every few seconds: as long before and after a trace they are asked for too. */
const AROUND_MS = 30_000;

export const around = ({ from, to }: Stretch): Stretch => ({ from: Math.floor(from - AROUND_MS), to: Math.ceil(to + AROUND_MS) });

/** The ids of the GPUs that spans ran on: instances, then the cards that they are parts of. */
export function gpusOf(spans: SpanNode[]): string[] {
  const own = spans.flatMap(({ gpus }) => gpus.map(({ resource_uuid: id }) => id));
  const cards = spans.flatMap(({ gpus }) => gpus.map(({ physical_uuid: id }) => id));
  return [...new Set([...own, ...cards])].filter((id): id is string => Boolean(id));
}

/** One counter of a GPU; undefined when it is not measured. */
export function toSeries({ points, width_ms: width }: GpuMetrics, counter: Counter): Series | undefined {
  const { gauge, label, color } = MEASURES[counter];
  const measured = points.filter((point) => point[gauge] !== null);
  if (measured.length === 0) return undefined;
  const column = (part: "avg" | "min" | "max") => Float64Array.from(measured, (point) => point[gauge]![part]);
  return { ...timesOf(measured, width), lines: [{ label, color, values: column("avg"), low: column("min"), high: column("max") }], shape: "line" };
}

/** The end of the axis where it is known: all of the GPU, all of its memory. */
export function topOf({ points }: GpuMetrics, counter: Counter): number | undefined {
  if (counter === "utilization") return 1;
  if (counter === "power") return undefined;
  return points.reduce((most, { memory_total_bytes: total }) => Math.max(most, total ?? 0), 0) || undefined;
}

/** The mean over a stretch, or the value nearest to its middle when it is shorter than the samples are apart. */
export function meanIn(series: Series, { from, to }: Stretch): number {
  const values = series.lines[0]!.values.filter((_, place) => series.ends[place]! > from && series.starts[place]! < to);
  if (values.length > 0) return values.reduce((sum, value) => sum + value, 0) / values.length;
  return series.lines[0]!.values[placeAt(series, (from + to) / 2, Infinity)]!;
}
