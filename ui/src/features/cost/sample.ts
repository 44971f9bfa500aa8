/** Amounts for tests. */
import type { CostAmounts, CostGroup } from "@/api/types";

export const NOTHING: CostAmounts = {
  requests: 0,
  tokens: 0,
  prefill_tokens: 0,
  busy_gpu_seconds: 0,
  idle_gpu_seconds: 0,
  measured_gpu_seconds: 0,
  busy_energy_j: null,
  idle_energy_j: null,
  priced_gpu_seconds: 0,
  busy_usd: null,
  idle_usd: null,
  busy_gpu_seconds_by_calls: 0,
  busy_usd_by_calls: null,
  busy_energy_j_per_1k_tokens: null,
  energy_j_per_1k_tokens: null,
  busy_usd_per_1m_tokens: null,
  usd_per_1m_tokens: null,
};

export const group = (key: string | null, now: Partial<CostAmounts>, previous: Partial<CostAmounts> = {}): CostGroup => ({
  key,
  engines: 1,
  energy_sources: ["counter"],
  now: { ...NOTHING, ...now },
  previous: { ...NOTHING, ...previous },
});
