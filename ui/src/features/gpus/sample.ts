/** GPUs for tests. */
import type { GpuSummary } from "@/api/types";

type Sample = NonNullable<GpuSummary["sample"]>;

export const SAMPLE: Sample = {
  emitters: ["opentelemetry"],
  power_source: null,
  utilization: 0.5,
  memory_used_bytes: 40 * 2 ** 30,
  memory_total_bytes: 80 * 2 ** 30,
  temperature_c: 61,
  power_w: 400,
  energy_j: null,
  sm_clock_mhz: 1980,
  memory_clock_mhz: null,
  throttle_reasons: 0,
  sm_active: null,
  tensor_active: null,
  dram_active: null,
};

export const gpu = (uuid: string, more: Partial<GpuSummary> = {}): GpuSummary => ({
  resource_uuid: uuid,
  physical_uuid: uuid,
  host: "node-1",
  model: "H100",
  vendor: "nvidia",
  first_seen: "2026-11-23T07:00:00.000000000Z",
  last_seen: "2026-11-23T08:00:00.000000000Z",
  sample: SAMPLE,
  identity: null,
  mig: null,
  ...more,
});
