/** GPUs by node: cards, and the MIG instances of each. */
import type { GpuSummary } from "@/api/types";
import { placeOf } from "../gpu/facts";

export type Card = {
  uuid: string;
  /** Undefined when only its instances are known. */
  gpu: GpuSummary | undefined;
  instances: GpuSummary[];
};

export type Node = {
  /** Empty when nobody says where the GPU is. */
  host: string;
  cards: Card[];
  /** Of what the cards say now; undefined when none says it. */
  utilization: number | undefined;
  powerW: number | undefined;
  /** Its place in a cloud and its drivers, as far as they are said. */
  facts: string[];
};

/** Put GPUs on their nodes and instances on their cards, in the order given. */
export function toNodes(gpus: GpuSummary[]): Node[] {
  const hosts = new Map<string, Map<string, Card>>();
  for (const gpu of gpus) {
    const cards = entry(hosts, gpu.host ?? "", () => new Map<string, Card>());
    const uuid = gpu.physical_uuid ?? gpu.resource_uuid;
    const card = entry(cards, uuid, () => ({ uuid, gpu: undefined, instances: [] }));
    if (uuid === gpu.resource_uuid) card.gpu = gpu;
    else card.instances.push(gpu);
  }
  return [...hosts].map(([host, cards]) => toNode(host, [...cards.values()]));
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  if (!map.has(key)) map.set(key, make());
  return map.get(key)!;
}

function toNode(host: string, cards: Card[]): Node {
  const shares = cards.flatMap(({ gpu }) => gpu?.sample?.utilization ?? []);
  const watts = cards.flatMap(({ gpu }) => gpu?.sample?.power_w ?? []);
  return {
    host,
    cards,
    utilization: shares.length > 0 ? sum(shares) / shares.length : undefined,
    powerW: watts.length > 0 ? sum(watts) : undefined,
    facts: factsOf(cards),
  };
}

/** What its cards say, each once: a node may have cards of two drivers only while it is mended. */
function factsOf(cards: Card[]): string[] {
  const identities = cards.flatMap(({ gpu, instances }) => gpu?.identity ?? instances[0]?.identity ?? []);
  const facts = identities.flatMap((identity) => [placeOf(identity), identity.driver_version ? `driver ${identity.driver_version}` : ""]);
  return [...new Set(facts.filter(Boolean))];
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** The part of a PCI address that tells cards of a machine apart: "1B:00.0" of "00000000:1B:00.0". */
export const shortBus = (bus: string) => bus.replace(/^0+:/, "");

/** The part of an id that tells it from others: "GPU-5b5c6f1e" of "GPU-5b5c6f1e-…". */
export const shortUuid = (uuid: string) => /^(?:MIG-|GPU-)?[0-9a-f]{8}(?=-)/i.exec(uuid)?.[0] ?? uuid;
