/** The figures over the charts, each beside what it was before. */
import type { Activity } from "@/api/analytics";
import { formatMs } from "@/format/duration";
import { formatUsd } from "@/format/money";
import { formatCompact } from "@/format/number";
import { formatDigits, formatRate, formatShare, formatWatts } from "@/format/quantity";

export type Figure = {
  label: string;
  value: number | undefined;
  before: number | undefined;
  format: (value: number) => string;
  /** Whether more is better (1), worse (-1) or neither (0). */
  good: 1 | -1 | 0;
  /** Differences are said in per cent points, not in per cent. */
  isShare?: true;
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

const perSecond = (value: number) => `${formatDigits(value)}/s`;

export function toFigures(now: Activity, past: Activity | undefined): Figure[] {
  const values = valuesOf(now);
  const older: Partial<ReturnType<typeof valuesOf>> = past ? valuesOf(past) : {};
  const figure = (name: keyof typeof values, label: string, format: Figure["format"], good: Figure["good"], more?: Pick<Figure, "isShare">): Figure => ({
    label, value: values[name], before: older[name], format, good, ...more,
  });
  return [
    figure("rate", "Requests", perSecond, 0),
    figure("errors", "Error rate", formatRate, -1, { isShare: true }),
    figure("p50", "Latency p50", formatMs, -1),
    figure("p95", "Latency p95", formatMs, -1),
    figure("p99", "Latency p99", formatMs, -1),
    figure("ttft", "First token p95", formatMs, -1),
    figure("tpot", "Per token p50", formatMs, -1),
    figure("output", "Output tokens", perSecond, 0),
    figure("hits", "Prefix hits", formatShare, 1, { isShare: true }),
    figure("utilization", "GPU utilisation", formatShare, 0, { isShare: true }),
    figure("power", "GPU power", formatWatts, 0),
    figure("seconds", "GPU-seconds", (value) => `${value < 100 ? formatDigits(value) : formatCompact(Math.round(value))} s`, 0),
    figure("cost", "Request cost", formatUsd, 0),
  ].filter(({ value, before }, index) => index < 5 || value !== undefined || before !== undefined);
}

export type Change = { text: string; look: "good" | "bad" | "none" };

/** "+12 %" or "−0.4 pp" against what it was; undefined where one of both is not known. */
export function changeOf({ value, before, good, isShare }: Figure): Change | undefined {
  if (value === undefined || before === undefined || (!isShare && before === 0)) return undefined;
  const change = (isShare ? value - before : (value - before) / before) * 100;
  const size = Math.abs(change);
  const said = isShare ? formatDigits(size) : size >= 1_000 ? `${formatDigits((value / before))} ×` : formatDigits(size >= 9.95 ? Math.round(size) : size);
  if (size < 0.05) return { text: "as before", look: "none" };
  const text = !isShare && size >= 1_000 ? said : `${change > 0 ? "+" : "−"}${said} ${isShare ? "pp" : "%"}`;
  const look = good === 0 || size < 5 ? "none" : Math.sign(change) === good ? "good" : "bad";
  return { text, look };
}
