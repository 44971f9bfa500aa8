import { describe, expect, it } from "vitest";
import { IDENTITY } from "../gpus/sample";
import { cardFacts, isGone, partFacts, placeOf } from "./facts";

const UNKNOWN = { ...IDENTITY, architecture: null, compute_capability: null, pci_bus_id: null, numa_node: null, driver_version: null, cuda_version: null, cloud: null, k8s_node_name: null };

/** What was seen last at a time. */
const seen = (last: string) => ({ resource_uuid: last, memory_bytes: null, first_seen: last, last_seen: last, mig: null });

describe("what a card is", () => {
  it("says all that is known", () => {
    expect(cardFacts(IDENTITY, 80 * 2 ** 30)).toEqual([
      { label: "Architecture", text: "Hopper · compute capability 9.0" },
      { label: "Memory", text: "80 GiB" },
      { label: "Driver", text: "580.95.05 · CUDA 13.0" },
      { label: "PCI bus", text: "00000000:1B:00.0", copy: "00000000:1B:00.0" },
      { label: "NUMA node", text: "0" },
      { label: "Kubernetes node", text: "gpu-node-07", copy: "gpu-node-07" },
      { label: "Cloud", text: "aws · eu-central-1a · p5.48xlarge" },
      { label: "Instance", text: "i-0123456789abcdef0", copy: "i-0123456789abcdef0" },
    ]);
  });

  it("leaves out what is not", () => {
    expect(cardFacts(null, null)).toEqual([]);
    expect(cardFacts(UNKNOWN, 2 ** 30)).toEqual([{ label: "Memory", text: "1 GiB" }]);
    expect(cardFacts({ ...UNKNOWN, cuda_version: "13.0" }, null)).toEqual([{ label: "Driver", text: "CUDA 13.0" }]);
  });

  it("names the region where the zone is not known", () => {
    const cloud = { provider: "gcp", region: "europe-west4", availability_zone: null, host_id: null, host_type: null };
    expect(placeOf({ ...IDENTITY, cloud })).toBe("gcp · europe-west4");
  });
});

describe("what an instance is", () => {
  it("says its memory, its share and its numbers, zero as well", () => {
    expect(partFacts({ profile: "3g.40gb", gpu_instance_id: 1, compute_instance_id: 0, sm_share: 60 / 132 }, 39.5 * 2 ** 30)).toBe("39.5 GiB · 45 % of the SMs · GI 1 · CI 0");
    expect(partFacts({ profile: "3g.40gb", gpu_instance_id: null, compute_instance_id: null, sm_share: null }, null)).toBe("");
    expect(partFacts(null, 2 ** 30)).toBe("1 GiB");
  });

  it("is gone when the card goes on without it", () => {
    const [before, now] = [seen("2026-11-23T07:00:00Z"), seen("2026-11-23T08:00:00Z")];
    expect(isGone(before, [before, now])).toBe(true);
    expect(isGone(now, [before, now])).toBe(false);
    expect(isGone(before, [before])).toBe(false);
  });
});
