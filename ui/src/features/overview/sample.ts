/** Measurements of one minute for tests. */
import type { Activity } from "@/api/analytics";

const time = "2026-11-23T07:00:00.000000000Z";
const quantiles = (p50: number) => ({ p50, p95: p50 * 2, p99: p50 * 3 });

export const activity = (more: { requests?: number; errors?: number; p50?: number } = {}): Activity => {
  const { requests = 120, errors = 6, p50 = 500 } = more;
  const whole = { requests, errors, requests_per_s: requests / 60, duration_ms: quantiles(p50) };
  return {
    window: { from: time, to: "2026-11-23T07:01:00.000Z", points: 1 },
    requests: { width_ms: 60_000, whole, items: [{ ...whole, time }] },
    latency: { bucket_s: 60, items: [{ time, spans: 3, duration_ms: quantiles(400), ttft_ms: quantiles(80), tpot_ms: quantiles(12) }] },
    throughput: {
      bucket_s: 60,
      items: [{ time, spans: 3, errors: 0, input_tokens: 6_000, output_tokens: 1_200, cached_tokens: 1_500, cost_usd: 0.5, spans_per_s: 0.05, input_tokens_per_s: 100, output_tokens_per_s: 20 }],
    },
    engines: {
      width_ms: 60_000,
      items: [{ time, steps: 9, running: 4, waiting: 1, kv_cache_usage: 0.3, max_kv_cache_usage: 0.6, tokens_per_s: 120, prefill_tokens_per_s: 90, preemptions: 0, busy_seconds: 30, gpu_seconds: 60, energy_j: 0 }],
    },
    gpus: { width_ms: 60_000, items: [{ time, resources: 2, utilization: 0.62, max_utilization: 0.9, power_w: 540, memory_used_bytes: null }] },
  };
};
