/** What the list's address says: range, filters, sort and live, read and written in one place. */
import type { TraceFilters } from "@/api/queries";
import type { TraceSort } from "@/api/types";
import { asAmount, asFlag, asOneOf, asText, type Params } from "@/search-params";
import { type RangeSearch, readRange } from "@/time-range/address";
import type { TimeRange } from "@/time-range/range";

export type TracesSearch = RangeSearch & {
  service?: string;
  model?: string;
  /** Id of a GPU or MIG instance. */
  gpu?: string;
  status?: "ok" | "error";
  /** Milliseconds. */
  min?: number;
  max?: number;
  q?: string;
  sort?: TraceSort;
  live?: true;
};

const SORTS = ["-start_time", "start_time", "-duration", "duration"] as const;
export const DEFAULT_SORT: TraceSort = "-start_time";

/** Keep what is valid and not the default, so that an address holds only what someone chose. */
export function readSearch(params: Params): TracesSearch {
  const sort = asOneOf(params.sort, SORTS);
  return compact({
    ...readRange(params),
    service: asText(params.service),
    model: asText(params.model),
    gpu: asText(params.gpu),
    status: asOneOf(params.status, ["ok", "error"] as const),
    min: asAmount(params.min),
    max: asAmount(params.max),
    q: asText(params.q),
    sort: sort === DEFAULT_SORT ? undefined : sort,
    live: asFlag(params.live),
  });
}

const compact = <Record extends object>(record: Record) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Record;

/** Put a range in a search, in place of the one it had. */
export const withRange = (search: TracesSearch, range: TimeRange): TracesSearch =>
  readSearch({ ...search, range: undefined, from: undefined, to: undefined, ...range });

export const filtersOf = (search: TracesSearch): TraceFilters => ({
  service: search.service,
  model: search.model,
  gpu: search.gpu,
  status: search.status,
  min_duration_ms: search.min,
  max_duration_ms: search.max,
  q: search.q,
  sort: search.sort ?? DEFAULT_SORT,
});

const FILTERS = ["service", "model", "gpu", "status", "min", "max", "q"] as const;

export const hasFilters = (search: TracesSearch) => FILTERS.some((name) => search[name] !== undefined);

export const withoutFilters = (search: TracesSearch): TracesSearch =>
  readSearch({ ...search, ...Object.fromEntries(FILTERS.map((name) => [name, undefined])) });
