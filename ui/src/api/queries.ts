/** What the pages ask for, as TanStack Query options: keys, fetchers, caching. */
import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { client, need } from "./client";
import { toTrace } from "./columns";
import { parseExact } from "./exact";
import { ProblemError } from "./problem";
import { joinPages } from "./steps";
import type { CostGrouping, SpanDetail, TraceQuery, TraceStepPage } from "./types";

const PAGE = 100;
const STEP_PAGE = 5_000;
/** As many steps as a request of 25,000 tokens takes. */
const MOST_STEP_PAGES = 5;
const ENGINE_STEP_PAGE = 500;
const MOST_ENGINE_STEP_PAGES = 4;
const TRACE_PAGE = 500;
const MOST_TRACE_PAGES = 4;

/** The filters of a list; its window is computed at each fetch, so that "last hour" moves along. */
export type TraceFilters = Omit<TraceQuery, "from" | "to" | "cursor" | "limit">;
export type Window = () => { from: string; to: string };

export const createQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: { retry: shouldRetry, retryDelay: 600, staleTime: 5_000, refetchOnWindowFocus: false },
    },
  });

const shouldRetry = (failures: number, error: Error) =>
  failures < 2 && error instanceof ProblemError && (error.status === 0 || error.status >= 502);

export const tracesQuery = (filters: TraceFilters, rangeKey: string, window: Window) =>
  infiniteQueryOptions({
    queryKey: ["traces", rangeKey, filters],
    queryFn: ({ pageParam, signal }: { pageParam: string | undefined; signal: AbortSignal }) =>
      need(
        client.GET("/api/v1/traces", {
          params: { query: { ...filters, ...window(), limit: PAGE, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The newest traces that started at a moment or since, as many as a page has. */
export const newerTracesQuery = (filters: TraceFilters, from: string) =>
  queryOptions({
    queryKey: ["newer-traces", from, filters],
    queryFn: ({ signal }) => {
      const to = new Date(Date.now() + 60_000).toISOString();
      const query = { ...filters, sort: "-start_time" as const, from, to, limit: PAGE };
      return need(client.GET("/api/v1/traces", { params: { query }, signal }));
    },
  });

export const facetsQuery = (rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["facets", rangeKey],
    queryFn: ({ signal }) => need(client.GET("/api/v1/traces/facets", { params: { query: window() }, signal })),
    staleTime: 30_000,
  });

/** Whether the server holds any trace at all: tells an empty filter from an empty database. */
export const anyTraceQuery = queryOptions({
  queryKey: ["any-trace"],
  queryFn: ({ signal }) => {
    const query = { from: "1970-01-01T00:00:00Z", to: new Date(Date.now() + 86_400_000).toISOString(), limit: 1 };
    return need(client.GET("/api/v1/traces", { params: { query }, signal }));
  },
});

export const traceQuery = (traceId: string) =>
  queryOptions({
    queryKey: ["trace", traceId],
    queryFn: async ({ signal }) =>
      toTrace(await need(client.GET("/api/v1/traces/{trace_id}/columns", { params: { path: { trace_id: traceId } }, signal }))),
    structuralSharing: false, // comparing 20k spans costs more than drawing them
    staleTime: 30_000,
  });

/** Where the time of a trace went. */
export const explainQuery = (traceId: string) =>
  queryOptions({
    queryKey: ["explain", traceId],
    queryFn: ({ signal }) =>
      need(client.GET("/api/v1/traces/{trace_id}/explain", { params: { path: { trace_id: traceId } }, signal })),
    structuralSharing: false,
    staleTime: 30_000,
  });

/** The engine steps of a trace: all of them, up to a bound. */
export const stepsQuery = (traceId: string) =>
  queryOptions({
    queryKey: ["steps", traceId],
    queryFn: async ({ signal }) => joinPages(await stepPages(traceId, signal)),
    structuralSharing: false,
    staleTime: 30_000,
  });

/** Follow the cursor to the last page, or as far as the bound. */
async function stepPages(traceId: string, signal: AbortSignal, before: TraceStepPage[] = []): Promise<TraceStepPage[]> {
  const cursor = before.at(-1)?.next_cursor ?? undefined;
  if (before.length === MOST_STEP_PAGES || (before.length > 0 && !cursor)) return before;
  const params = { path: { trace_id: traceId }, query: { limit: STEP_PAGE, cursor } };
  const page = await need(client.GET("/api/v1/traces/{trace_id}/steps", { params, signal }));
  return stepPages(traceId, signal, [...before, page]);
}

export const gpusQuery = (rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["gpus", rangeKey],
    queryFn: ({ signal }) => need(client.GET("/api/v1/gpus", { params: { query: window() }, signal })),
  });

/** A GPU over time in at most so many buckets. */
export const gpuMetricsQuery = (uuid: string, rangeKey: string, window: () => { from: string; to: string; points: number }) =>
  queryOptions({
    queryKey: ["gpu-metrics", uuid, rangeKey],
    queryFn: async ({ signal }) => {
      const query = window();
      const params = { path: { uuid }, query };
      const metrics = await need(client.GET("/api/v1/gpus/{uuid}/metrics", { params, signal }));
      return { ...metrics, window: query };
    },
    structuralSharing: false,
  });

/** The traces that ran on a GPU, the newest first, as many as can be drawn. */
export const gpuTracesQuery = (gpu: string, rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["gpu-traces", gpu, rangeKey],
    queryFn: async ({ signal }) => {
      const query = { ...window(), gpu, limit: TRACE_PAGE };
      const fetchPage = (cursor?: string) => need(client.GET("/api/v1/traces", { params: { query: { ...query, cursor } }, signal }));
      return upTo(MOST_TRACE_PAGES, fetchPage);
    },
    structuralSharing: false,
  });

/** The registry's three layers of a GPU: its card, what computes on it, who uses it and did. */
export const gpuResourceQuery = (uuid: string) =>
  queryOptions({
    queryKey: ["gpu", uuid],
    queryFn: ({ signal }) => need(client.GET("/api/v1/gpus/{uuid}", { params: { path: { uuid } }, signal })),
    staleTime: 30_000,
  });

export const costQuery = (by: CostGrouping, rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["cost", by, rangeKey],
    queryFn: ({ signal }) => need(client.GET("/api/v1/analytics/cost", { params: { query: { ...window(), group_by: by } }, signal })),
  });

export const enginesQuery = (rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["engines", rangeKey],
    queryFn: ({ signal }) => need(client.GET("/api/v1/engines", { params: { query: window() }, signal })),
  });

/** The newest steps of an engine, as many as can be drawn. */
export const engineStepsQuery = (engine: string, rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["engine-steps", engine, rangeKey],
    queryFn: async ({ signal }) => {
      const query = { ...window(), engine, limit: ENGINE_STEP_PAGE };
      const fetchPage = (cursor?: string) => need(client.GET("/api/v1/steps", { params: { query: { ...query, cursor } }, signal }));
      return { ...(await upTo(MOST_ENGINE_STEP_PAGES, fetchPage)), engine };
    },
    structuralSharing: false,
  });

type Page<Item> = { items: Item[]; next_cursor?: string | null };

/** Follow the cursor for so many pages; `cut`: there are more. */
async function upTo<Item>(pages: number, fetchPage: (cursor?: string) => Promise<Page<Item>>, before: Item[] = [], cursor?: string): Promise<{ items: Item[]; cut: boolean }> {
  const page = await fetchPage(cursor);
  const items = [...before, ...page.items];
  if (!page.next_cursor || pages === 1) return { items, cut: Boolean(page.next_cursor) };
  return upTo(pages - 1, fetchPage, items, page.next_cursor);
}

export const spanQuery = (traceId: string, spanId: string) =>
  queryOptions({
    queryKey: ["span", traceId, spanId],
    queryFn: async ({ signal }) => {
      const params = { path: { trace_id: traceId, span_id: spanId } };
      const path = "/api/v1/traces/{trace_id}/spans/{span_id}";
      return parseExact(await need(client.GET(path, { params, signal, parseAs: "text" }))) as SpanDetail;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
