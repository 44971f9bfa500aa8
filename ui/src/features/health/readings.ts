/** What the server says of itself, read again and again while the page is open. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { unreachable } from "@/api/problem";
import { parseMetrics, type Reading } from "./metrics";

const EVERY_MS = 2_000;
const KEPT = 61;

const read = (path: string, signal: AbortSignal) =>
  fetch(new URL(path, document.baseURI), { signal }).catch(() => Promise.reject(unreachable()));

const metricsQuery = queryOptions({
  queryKey: ["health", "metrics"],
  queryFn: async ({ signal }) => ({ atMs: Date.now(), samples: parseMetrics(await (await read("metrics", signal)).text()) }),
  refetchInterval: EVERY_MS,
  structuralSharing: false,
  retry: false,
});

export type Readiness = { status: string; databases: Record<string, string> };

/** A server whose databases are away answers 503 with the same document. */
export const readinessQuery = queryOptions({
  queryKey: ["health", "ready"],
  queryFn: async ({ signal }) => (await (await read("readyz", signal)).json()) as Readiness,
  refetchInterval: EVERY_MS,
  retry: false,
});

/** The readings of the last two minutes, the oldest first, and whether the newest one failed. */
export function useReadings() {
  const { data, error } = useQuery(metricsQuery);
  const [readings, setReadings] = useState<Reading[]>([]);
  useEffect(() => {
    if (data) setReadings((before) => [...before, data].slice(-KEPT));
  }, [data]);
  return { readings, error };
}
