/** What the list's address says: range, filters, sort and live, read and written in one place. */
import type { Conditions, WrittenFilter } from "@/api/analytics";
import type { TraceFilters } from "@/api/queries";
import type { TraceSort } from "@/api/types";
import type { Box } from "@/charts/heatmap";
import { asAmount, asFlag, asOneOf, asText, type Params } from "@/search-params";
import { type RangeSearch, readRange } from "@/time-range/address";
import type { TimeRange } from "@/time-range/range";

export type TracesSearch = RangeSearch & {
  service?: string;
  model?: string;
  /** Id of a GPU or MIG instance. */
  gpu?: string;
  status?: "ok" | "error";
  /** What makes ready, such as the start of an engine: it alone, or all but it. */
  setup?: "true" | "false";
  /** Milliseconds. */
  min?: number;
  max?: number;
  q?: string;
  /** Conditions on attributes, as the server takes them in a text. */
  filter?: string;
  sort?: TraceSort;
  live?: true;
  /** What was chosen on the heatmap: two moments and two durations in ms. */
  box?: string;
  /** Columns of the list, when they are not the usual ones. */
  columns?: string;
  /** The charts over the list are folded away. */
  charts?: "off";
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
    setup: asOneOf(params.setup, ["true", "false"] as const),
    min: asAmount(params.min),
    max: asAmount(params.max),
    q: asText(params.q),
    filter: asText(params.filter),
    sort: sort === DEFAULT_SORT ? undefined : sort,
    live: asFlag(params.live),
    box: boxOf(params) && asText(params.box),
    columns: asText(params.columns),
    charts: asOneOf(params.charts, ["off"] as const),
  });
}

const compact = <Record extends object>(record: Record) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Record;

/** Put a range in a search, in place of the one it had; what was chosen within that goes with it. */
export const withRange = (search: TracesSearch, range: TimeRange): TracesSearch =>
  readSearch({ ...search, range: undefined, from: undefined, to: undefined, box: undefined, ...range });

/** The box that an address names, if it is one. */
export function boxOf({ box }: { box?: unknown }): Box | undefined {
  const [from, to, min, max] = (asText(box) ?? "").split("~");
  const found = { from: Date.parse(from ?? ""), to: Date.parse(to ?? ""), min: Number(min), max: Number(max) };
  return found.from < found.to && found.min < found.max ? found : undefined;
}

export const writeBox = ({ from, to, min, max }: Box) => [new Date(from).toISOString(), new Date(to).toISOString(), min, max].join("~");

/** One nanosecond in ms: durations of a box are below its upper bound, those of the list may be on it. */
const NS = 1e-6;

/** A search with its box as range and durations of their own. */
export function withinBox(search: TracesSearch): TracesSearch {
  const box = boxOf(search);
  if (!box) return search;
  const [min, max] = [Math.max(search.min ?? 0, box.min), Math.min(search.max ?? Infinity, Number((box.max - NS).toFixed(6)))];
  return readSearch({ ...search, box: undefined, range: undefined, from: new Date(box.from).toISOString(), to: new Date(box.to).toISOString(), min, max });
}

export const filtersOf = (search: TracesSearch): TraceFilters => ({ ...conditionsOf(search), sort: search.sort ?? DEFAULT_SORT });

export const conditionsOf = (search: TracesSearch): Conditions => ({
  service: search.service,
  model: search.model,
  gpu: search.gpu,
  status: search.status,
  setup: search.setup && search.setup === "true",
  min_duration_ms: search.min,
  max_duration_ms: search.max,
  q: search.q,
  filter: search.filter,
});

const FILTERS = ["service", "model", "gpu", "status", "setup", "min", "max", "q", "filter", "box"] as const;

export const hasFilters = (search: TracesSearch) => FILTERS.some((name) => search[name] !== undefined);

export const withoutFilters = (search: TracesSearch): TracesSearch =>
  readSearch({ ...search, ...Object.fromEntries(FILTERS.map((name) => [name, undefined])) });

/** What a text filters, in place of what the search filtered before; the box stays. */
export const withWritten = (search: TracesSearch, read: WrittenFilter): TracesSearch =>
  readSearch({
    ...withoutFilters(search),
    box: search.box,
    service: read.service,
    model: read.model,
    gpu: read.gpu,
    status: read.status,
    setup: read.setup?.toString(),
    min: read.min_duration_ms,
    max: read.max_duration_ms,
    q: read.q,
    filter: read.attributes?.join(" "),
  });
