/** How many requests started when: traces in buckets, those that failed on top. */
import type { TraceSummary } from "@/api/types";
import { inBuckets, type Stretch } from "@/charts/clock";
import type { Series } from "@/charts/series";

const MOST_BARS = 160;

export function toDensity(traces: Pick<TraceSummary, "start_time" | "status">[], stretch: Stretch): Series & { width: number } {
  const { from, width, count } = inBuckets(stretch, MOST_BARS);
  const [ok, failed] = [new Float64Array(count), new Float64Array(count)];
  for (const { start_time: start, status } of traces) {
    const bucket = Math.floor((Date.parse(start) - from) / width);
    if (bucket >= 0 && bucket < count) (status === "error" ? failed : ok)[bucket]! += 1;
  }
  const starts = Float64Array.from({ length: count }, (_, bucket) => from + bucket * width);
  return {
    starts,
    ends: starts.map((start) => start + width),
    lines: [
      { label: "OK", color: "var(--color-series-1)", values: ok },
      { label: "Errors", color: "var(--color-bad)", values: failed },
    ],
    shape: "bars",
    width,
  };
}
