/** The figures over the charts, each beside what it was before. */
import type { Activity } from "@/api/analytics";
import type { Compared } from "@/format/change";
import { formatMs } from "@/format/duration";
import { formatGpuTime, formatUsd } from "@/format/money";
import { formatPerSecond, formatRate, formatShare, formatWatts } from "@/format/quantity";

export type Figure = Compared & {
  label: string;
  value: number | undefined;
  before: number | undefined;
  write: (value: number) => string;
};

const of = (value: number | null | undefined) => value ?? undefined;
const ratio = (part: number, all: number) => (all > 0 ? part / all : undefined);

/** The values of one piece of time. */
function valuesOf({ requests: { whole }, latency, throughput, engines, gpus }: Activity) {
  const [spans, tokens, engine, fleet] = [latency.items[0], throughput.items[0], engines.items[0], gpus.items[0]];
  return {
    rate: whole.requests > 0 ? whole.requests_per_s : undefined,
    errors: ratio(whole.errors, whole.requests),
    p50: of(whole.duration_ms.p50),
    p95: of(whole.duration_ms.p95),
    p99: of(whole.duration_ms.p99),
    ttft: of(spans?.ttft_ms.p95),
    tpot: of(spans?.tpot_ms.p50),
    output: tokens && tokens.output_tokens > 0 ? tokens.output_tokens_per_s : undefined,
    hits: tokens && ratio(tokens.cached_tokens, tokens.input_tokens),
    utilization: of(fleet?.utilization),
    power: of(fleet?.power_w),
    seconds: engine && engine.gpu_seconds > 0 ? engine.gpu_seconds : undefined,
    cost: tokens && tokens.cost_usd > 0 ? tokens.cost_usd : undefined,
  };
}

export function toFigures(now: Activity, past: Activity | undefined): Figure[] {
  const values = valuesOf(now);
  const older: Partial<ReturnType<typeof valuesOf>> = past ? valuesOf(past) : {};
  const figure = (name: keyof typeof values, label: string, write: Figure["write"], good: Figure["good"], more?: Pick<Figure, "isShare">): Figure => ({
    label, value: values[name], before: older[name], write, good, ...more,
  });
  return [
    figure("rate", "Requests", formatPerSecond, 0),
    figure("errors", "Error rate", formatRate, -1, { isShare: true }),
    figure("p50", "Latency p50", formatMs, -1),
    figure("p95", "Latency p95", formatMs, -1),
    figure("p99", "Latency p99", formatMs, -1),
    figure("ttft", "First token p95", formatMs, -1),
    figure("tpot", "Per token p50", formatMs, -1),
    figure("output", "Output tokens", formatPerSecond, 0),
    figure("hits", "Prefix hits", formatShare, 1, { isShare: true }),
    figure("utilization", "GPU utilisation", formatShare, 0, { isShare: true }),
    figure("power", "GPU power", formatWatts, 0),
    figure("seconds", "GPU time", formatGpuTime, 0),
    figure("cost", "Request cost", formatUsd, 0),
  ].filter(({ value, before }, index) => index < 5 || value !== undefined || before !== undefined);
}
