/** What a card and its instances are, in the words of a reader; what is not known is left out. */
import type { GpuIdentity, GpuResource, MigInstance } from "@/api/types";
import { formatBytes, formatShare } from "@/format/quantity";

export type Fact = {
  label: string;
  text: string;
  /** What somebody may want elsewhere, as it is. */
  copy?: string;
};

/** "aws · eu-central-1a · p5.48xlarge" */
export function placeOf({ cloud }: GpuIdentity): string {
  return cloud ? join(cloud.provider, cloud.availability_zone ?? cloud.region, cloud.host_type) : "";
}

export function cardFacts(identity: GpuIdentity | null, memoryBytes: number | null): Fact[] {
  const { architecture, compute_capability: capability, driver_version: driver, cuda_version: cuda } = identity ?? {};
  const facts = [
    { label: "Architecture", text: join(architecture, capability && `compute capability ${capability}`) },
    { label: "Memory", text: memoryBytes === null ? "" : formatBytes(memoryBytes) },
    { label: "Driver", text: join(driver, cuda && `CUDA ${cuda}`) },
    { label: "PCI bus", text: identity?.pci_bus_id ?? "", copy: identity?.pci_bus_id ?? undefined },
    { label: "NUMA node", text: identity?.numa_node?.toString() ?? "" },
    { label: "Kubernetes node", text: identity?.k8s_node_name ?? "", copy: identity?.k8s_node_name ?? undefined },
    { label: "Cloud", text: identity ? placeOf(identity) : "" },
    { label: "Instance", text: identity?.cloud?.host_id ?? "", copy: identity?.cloud?.host_id ?? undefined },
  ];
  return facts.filter(({ text }) => text);
}

/** "39.5 GiB · 45 % of the SMs · GI 1 · CI 0" */
export function partFacts(mig: MigInstance | null, memoryBytes: number | null): string {
  const share = mig?.sm_share ?? null;
  return join(
    memoryBytes === null ? "" : formatBytes(memoryBytes),
    share !== null && `${formatShare(share)} of the SMs`,
    mig && mig.gpu_instance_id !== null && `GI ${mig.gpu_instance_id}`,
    mig && mig.compute_instance_id !== null && `CI ${mig.compute_instance_id}`,
  );
}

type Resource = NonNullable<GpuResource["physical"]>["resources"][number];

/** The registry may be a minute and a half behind. */
const GONE_MS = 300_000;

/** Whether it was seen no more while others of the card were: an instance of a partition before. */
export function isGone(resource: Resource, all: Resource[]): boolean {
  const last = Math.max(...all.map((each) => Date.parse(each.last_seen)));
  return last - Date.parse(resource.last_seen) > GONE_MS;
}

const join = (...parts: (string | null | undefined | false)[]) => parts.filter(Boolean).join(" · ");
