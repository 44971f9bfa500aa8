/** Metrics of a GPU for tests. */
import type { GpuPoint } from "@/api/types";

const NOTHING: GpuPoint = {
  time: "2026-11-23T07:00:00.000000000Z",
  samples: 1,
  energy_j: null,
  memory_total_bytes: null,
  throttle_reasons: null,
  ecc_corrected: null,
  ecc_uncorrected: null,
  xid_errors: null,
  xid_last: null,
  utilization: null,
  memory_used_bytes: null,
  temperature_c: null,
  power_w: null,
  sm_clock_mhz: null,
  memory_clock_mhz: null,
  pcie_rx_bytes_per_s: null,
  pcie_tx_bytes_per_s: null,
  nvlink_rx_bytes_per_s: null,
  nvlink_tx_bytes_per_s: null,
  sm_active: null,
  tensor_active: null,
  dram_active: null,
};

/** A bucket so many seconds after seven. */
export const point = (seconds: number, more: Partial<GpuPoint> = {}): GpuPoint => ({
  ...NOTHING,
  time: `2026-11-23T07:00:${String(seconds).padStart(2, "0")}.000000000Z`,
  ...more,
});
