/** What the page on health asks of the processes that send telemetry. */
import { queryOptions } from "@tanstack/react-query";
import { client, need } from "./client";
import type { paths } from "./schema";

export type ProcessList = paths["/api/v1/processes"]["get"]["responses"][200]["content"]["application/json"];
export type Process = ProcessList["items"][number];

const HOUR_MS = 3_600_000;
const EVERY_MS = 5_000;

/** The processes of the last hour. */
export const processesQuery = queryOptions({
  queryKey: ["processes"],
  queryFn: ({ signal }) => {
    const query = { from: new Date(Date.now() - HOUR_MS).toISOString() };
    return need(client.GET("/api/v1/processes", { params: { query }, signal }));
  },
  refetchInterval: EVERY_MS,
});
