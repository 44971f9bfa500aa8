/** Addresses of files; the browser asks for them by itself, with the cookie of the session. */
import { createQuerySerializer } from "openapi-fetch";
import { basePath } from "./client";
import type { TraceFilters, Window } from "./queries";

const serialize = createQuerySerializer();

/** A trace as OTLP/JSON, which any OTLP receiver takes. */
export const traceFile = (traceId: string) => `${basePath()}api/v1/traces/${traceId}/export`;

/** A whole list as Parquet. */
export const tracesFile = (filters: TraceFilters, window: Window) => `${basePath()}api/v1/export/traces?${serialize({ ...filters, ...window() })}`;
