/** The columns of models side by side. */
import type { Model } from "@/api/analytics";
import { formatMs } from "@/format/duration";
import { formatGpuTime, formatUsd } from "@/format/money";
import { formatCompact } from "@/format/number";
import { formatPerSecond, formatRate } from "@/format/quantity";
import type { ModelSort } from "./search";

export type ModelColumn = {
  id: Exclude<ModelSort, "name">;
  head: string;
  hint?: string;
  value: (model: Model) => number | null | undefined;
  format: (value: number) => string;
  /** Class that takes it away where the window is narrow. */
  hide?: string;
  bad?: true;
};

export const MODEL_COLUMNS: ModelColumn[] = [
  { id: "requests", head: "Requests", hint: "Traces that used the model", value: ({ requests }) => requests?.requests, format: formatCompact },
  { id: "errors", head: "Errors", hint: "Share of these requests that failed", value: ({ requests }) => requests && requests.errors / requests.requests, format: formatRate, bad: true },
  { id: "p50", head: "E2E p50", hint: "From the start of the request to its end", value: ({ requests }) => requests?.duration_ms.p50, format: formatMs, hide: "max-lg:hidden" },
  { id: "p95", head: "E2E p95", value: ({ requests }) => requests?.duration_ms.p95, format: formatMs },
  { id: "p99", head: "E2E p99", value: ({ requests }) => requests?.duration_ms.p99, format: formatMs, hide: "max-lg:hidden" },
  { id: "ttft", head: "TTFT p95", hint: "Time to first token", value: ({ ttft_ms: { p95 } }) => p95, format: formatMs, hide: "max-sm:hidden" },
  { id: "tpot", head: "TPOT p50", hint: "Time per output token", value: ({ tpot_ms: { p50 } }) => p50, format: formatMs, hide: "max-sm:hidden" },
  { id: "input", head: "Tokens in", hint: "Of the spans that name the model; a call that is traced at both of its ends counts once", value: ({ input_tokens_per_s: rate, input_tokens: all }) => (all > 0 ? rate : null), format: formatPerSecond, hide: "max-md:hidden" },
  { id: "output", head: "Tokens out", value: ({ output_tokens_per_s: rate, output_tokens: all }) => (all > 0 ? rate : null), format: formatPerSecond, hide: "max-md:hidden" },
  { id: "seconds", head: "GPU time", hint: "Busy, of the engines that ran the model", value: ({ gpu_seconds: seconds }) => seconds, format: formatGpuTime, hide: "max-md:hidden" },
  { id: "cost", head: "Request cost", hint: "As the senders say, without idle time", value: ({ cost_usd: cost }) => (cost > 0 ? cost : null), format: formatUsd, hide: "max-md:hidden" },
];

/** Names rise, values fall; what is not known comes last. */
export function sorted(models: Model[], sort: ModelSort): Model[] {
  if (sort === "name") return models.toSorted((one, other) => one.name.localeCompare(other.name));
  const { value } = MODEL_COLUMNS.find(({ id }) => id === sort)!;
  return models.toSorted((one, other) => (value(other) ?? -1) - (value(one) ?? -1));
}
