/** What was measured as the charts of the overview. */
import type { Activity } from "@/api/analytics";
import type { Series } from "@/charts/series";
import type { TracesSearch } from "@/features/traces/search";
import { formatMs } from "@/format/duration";
import { formatDigits, formatPerSecond, formatRate, formatShare, formatWatts } from "@/format/quantity";

export type Panel = {
  title: string;
  series: Series;
  format: (value: number) => string;
  top?: number;
  nothing: string;
  /** Which traces are behind it. */
  traces: Partial<TracesSearch>;
};

const colored = (index: number) => `var(--color-series-${index})`;

type Point = { time: string };
type Lines<Item> = [label: string, color: string, value: (item: Item) => number | null | undefined][];

/** A line for each measure; where there is nothing a gap. */
function series<Item extends Point>(items: Item[], widthMs: number, lines: Lines<Item>, shape: Series["shape"] = "line"): Series {
  const starts = Float64Array.from(items, ({ time }) => Date.parse(time));
  return {
    starts,
    ends: starts.map((start) => start + widthMs),
    lines: lines.map(([label, color, value]) => ({ label, color, values: Float64Array.from(items, (item) => value(item) ?? Number.NaN) })),
    shape,
  };
}

const NO_REQUEST = "No request in this range";
const NO_STEP = "No engine steps in this range";
const NO_GPU = "No GPU metrics in this range";

/** Set-up is no request. */
const OF_REQUESTS = { setup: "false" } as const;

const perSecond = (count: number, ms: number) => (count * 1e3) / ms;

export function toPanels({ requests, latency, throughput, engines, gpus }: Activity): Panel[] {
  const [requestMs, spanMs] = [requests.width_ms, latency.bucket_s * 1e3];
  return [
    {
      title: "Requests",
      series: series(requests.items, requestMs, [
        ["failed", "var(--color-bad)", ({ errors }) => perSecond(errors, requestMs)],
        ["ok", colored(1), ({ requests: all, errors }) => perSecond(all - errors, requestMs)],
      ], "bars"),
      format: formatPerSecond,
      nothing: NO_REQUEST,
      traces: OF_REQUESTS,
    },
    {
      title: "Error rate",
      series: series(requests.items, requestMs, [["failed", "var(--color-bad)", ({ requests: all, errors }) => errors / all]]),
      format: formatRate,
      nothing: NO_REQUEST,
      traces: { ...OF_REQUESTS, status: "error" },
    },
    {
      title: "Latency",
      series: series(requests.items, requestMs, [
        ["p50", colored(2), ({ duration_ms: { p50 } }) => p50],
        ["p95", colored(1), ({ duration_ms: { p95 } }) => p95],
        ["p99", colored(3), ({ duration_ms: { p99 } }) => p99],
      ]),
      format: formatMs,
      nothing: NO_REQUEST,
      traces: { ...OF_REQUESTS, sort: "-duration" },
    },
    {
      title: "Time to first token",
      series: series(latency.items, spanMs, [
        ["p50", colored(2), ({ ttft_ms: { p50 } }) => p50],
        ["p95", colored(1), ({ ttft_ms: { p95 } }) => p95],
        ["p99", colored(3), ({ ttft_ms: { p99 } }) => p99],
      ]),
      format: formatMs,
      nothing: "No span says its time to first token",
      traces: { filter: "axonize.ttft_ms:*" },
    },
    {
      title: "Time per token",
      series: series(latency.items, spanMs, [
        ["p50", colored(2), ({ tpot_ms: { p50 } }) => p50],
        ["p95", colored(1), ({ tpot_ms: { p95 } }) => p95],
        ["p99", colored(3), ({ tpot_ms: { p99 } }) => p99],
      ]),
      format: formatMs,
      nothing: "No span says its time per token",
      traces: { filter: "axonize.tpot_ms:*" },
    },
    {
      title: "Tokens",
      series: series(throughput.items.filter(({ input_tokens: input, output_tokens: output }) => input + output > 0), throughput.bucket_s * 1e3, [
        ["in", colored(6), ({ input_tokens_per_s: input }) => input],
        ["out", colored(4), ({ output_tokens_per_s: output }) => output],
      ]),
      format: formatPerSecond,
      nothing: "No span says its tokens",
      traces: {},
    },
    {
      title: "In the engines",
      series: series(engines.items, engines.width_ms, [
        ["running", colored(7), ({ running }) => running],
        ["waiting", colored(8), ({ waiting }) => waiting],
      ]),
      format: formatDigits,
      nothing: NO_STEP,
      traces: {},
    },
    {
      title: "KV cache",
      series: series(engines.items, engines.width_ms, [
        ["average", colored(3), ({ kv_cache_usage: usage }) => usage],
        ["fullest", colored(5), ({ max_kv_cache_usage: usage }) => usage],
      ]),
      format: formatShare,
      top: 1,
      nothing: NO_STEP,
      traces: {},
    },
    {
      title: "Prefix cache hits",
      series: series(throughput.items.filter(({ input_tokens: input }) => input > 0), throughput.bucket_s * 1e3, [
        ["of prompt tokens", colored(2), ({ cached_tokens: cached, input_tokens: input }) => cached / input],
      ]),
      format: formatShare,
      top: 1,
      nothing: "No span says its tokens",
      traces: { filter: "gen_ai.usage.cache_read.input_tokens>0" },
    },
    {
      title: "GPU utilisation",
      series: series(gpus.items, gpus.width_ms, [
        ["average", colored(1), ({ utilization }) => utilization],
        ["highest", colored(5), ({ max_utilization: most }) => most],
      ]),
      format: formatShare,
      top: 1,
      nothing: NO_GPU,
      traces: {},
    },
    {
      title: "GPU power",
      series: series(gpus.items, gpus.width_ms, [["all cards", colored(8), ({ power_w: power }) => power]]),
      format: formatWatts,
      nothing: NO_GPU,
      traces: {},
    },
    {
      title: "GPUs busy with steps",
      series: series(engines.items, engines.width_ms, [["GPU-seconds a second", colored(10), ({ gpu_seconds: seconds }) => perSecond(seconds, engines.width_ms)]]),
      format: formatDigits,
      nothing: NO_STEP,
      traces: {},
    },
  ];
}
