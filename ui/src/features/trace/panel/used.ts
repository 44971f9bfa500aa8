/** What a span says that it used of GPUs: an engine's totals of a request, or a step's. */
import type { Attributes } from "@/api/types";

export type Used = { gpuSeconds?: number; joules?: number; source?: string; usd?: number; /** Split over calls by time, and not over steps by tokens. */ byCalls: boolean };

export function usedOf(attributes: Attributes): Used {
  const source = attributes["axonize.gpu.energy.source"];
  return {
    // Zero is what an engine on a CPU says.
    gpuSeconds: asNumber(attributes["axonize.gpu.seconds"]) || undefined,
    joules: asNumber(attributes["axonize.gpu.energy_j"]),
    source: typeof source === "string" ? source : undefined,
    usd: asNumber(attributes["cost.usd"]),
    byCalls: attributes["axonize.gpu.rule"] === "calls",
  };
}

function asNumber(value: unknown): number | undefined {
  const number = typeof value === "number" ? value : typeof value === "bigint" ? Number(value) : undefined;
  return number !== undefined && Number.isFinite(number) ? number : undefined;
}
