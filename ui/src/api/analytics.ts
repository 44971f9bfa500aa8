/** What the pages ask for about many requests at once. */
import { queryOptions } from "@tanstack/react-query";
import { client, need } from "./client";
import type { TraceFilters, Window } from "./queries";
import type { paths } from "./schema";

type Answer<Path extends keyof paths> = paths[Path] extends { get: { responses: { 200: { content: { "application/json": infer Body } } } } } ? Body : never;

export type Heatmap = Answer<"/api/v1/analytics/heatmap">;
export type Differences = Answer<"/api/v1/analytics/differences">;
export type Difference = Differences["items"][number];
export type RequestSeries = Answer<"/api/v1/analytics/requests">;
export type RequestGroup = Answer<"/api/v1/analytics/requests/groups">["items"][number];
export type Model = Answer<"/api/v1/analytics/models">["items"][number];
export type Latency = Answer<"/api/v1/analytics/latency">;
export type Throughput = Answer<"/api/v1/analytics/throughput">;
export type Engines = Answer<"/api/v1/analytics/engines">;
export type Fleet = Answer<"/api/v1/analytics/gpus">;
export type WrittenFilter = Answer<"/api/v1/traces/filter">;

/** The filters of a list, of which the order does not matter. */
export type Conditions = Omit<TraceFilters, "sort">;
type Columns = () => { from: string; to: string; points: number };

/** The requests of a search in bins; the window that was asked for comes back with them. */
export const heatmapQuery = (filters: Conditions, rangeKey: string, window: Columns) =>
  queryOptions({
    queryKey: ["heatmap", rangeKey, filters],
    queryFn: async ({ signal }) => {
      const query = window();
      const found = await need(client.GET("/api/v1/analytics/heatmap", { params: { query: { ...filters, ...query } }, signal }));
      return { ...found, window: query };
    },
    structuralSharing: false,
  });

/** A box as the server is asked for it: Unix ms and ms. */
type Asked = { from: number; to: number; min: number; max: number };

export const differencesQuery = (filters: Conditions, window: ReturnType<Window>, box: Asked) =>
  queryOptions({
    queryKey: ["differences", window, filters, box],
    queryFn: ({ signal }) => {
      const asked = { box_from: new Date(box.from).toISOString(), box_to: new Date(box.to).toISOString(), box_min_ms: box.min, box_max_ms: box.max };
      return need(client.GET("/api/v1/analytics/differences", { params: { query: { ...filters, ...window, ...asked } }, signal }));
    },
    staleTime: 60_000,
  });

/** Have a text read as a filter; a fault in it is an answer, too. */
export const readFilter = (text: string): Promise<WrittenFilter> =>
  text.trim() === ""
    ? Promise.resolve({ attributes: [] } as unknown as WrittenFilter)
    : need(client.GET("/api/v1/traces/filter", { params: { query: { text } } }));

/** What an overview is about. */
export type Scope = { service?: string; model?: string };

export type Activity = { requests: RequestSeries; latency: Latency; throughput: Throughput; engines: Engines; gpus: Fleet; window: { from: string; to: string; points: number } };

/** Everything over time: one point is all of the window. */
export const activityQuery = (scope: Scope, rangeKey: string, window: Columns) =>
  queryOptions({
    queryKey: ["activity", rangeKey, scope],
    queryFn: async ({ signal }): Promise<Activity> => {
      const range = window();
      const ask = { params: { query: { ...scope, ...range } }, signal };
      const [requests, latency, throughput, engines, gpus] = await Promise.all([
        need(client.GET("/api/v1/analytics/requests", ask)),
        need(client.GET("/api/v1/analytics/latency", ask)),
        need(client.GET("/api/v1/analytics/throughput", ask)),
        need(client.GET("/api/v1/analytics/engines", ask)),
        need(client.GET("/api/v1/analytics/gpus", { params: { query: range }, signal })),
      ]);
      return { requests, latency, throughput, engines, gpus, window: range };
    },
    structuralSharing: false,
  });

export const servicesQuery = (scope: Scope, rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["services", rangeKey, scope],
    queryFn: ({ signal }) => need(client.GET("/api/v1/analytics/requests/groups", { params: { query: { ...scope, ...window(), by: "service" } }, signal })),
  });

export const modelsQuery = (scope: Scope, rangeKey: string, window: Window) =>
  queryOptions({
    queryKey: ["models", rangeKey, scope],
    queryFn: ({ signal }) => need(client.GET("/api/v1/analytics/models", { params: { query: { ...scope, ...window() } }, signal })),
  });
