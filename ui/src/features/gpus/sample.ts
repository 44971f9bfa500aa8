/** GPUs for tests. */
import type { GpuIdentity, GpuSummary } from "@/api/types";

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

export const IDENTITY: GpuIdentity = {
  architecture: "Hopper",
  compute_capability: "9.0",
  pci_bus_id: "00000000:1B:00.0",
  numa_node: 0,
  driver_version: "580.95.05",
  cuda_version: "13.0",
  nvlink_peers: ["GPU-2"],
  k8s_node_name: "gpu-node-07",
  cloud: { provider: "aws", region: "eu-central-1", availability_zone: "eu-central-1a", host_id: "i-0123456789abcdef0", host_type: "p5.48xlarge" },
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
