/** The list someone came from, so that a trace page can lead back to it and on to its neighbours. */
import type { TraceSummary } from "@/api/types";
import type { TracesSearch } from "./search";

let search: TracesSearch = {};
let ids: string[] = [];

export function rememberList(shown: TracesSearch, traces: TraceSummary[]) {
  search = shown;
  ids = traces.map((trace) => trace.trace_id);
}

export const rememberedSearch = () => search;

/** The traces listed before and after this one. */
export function neighbours(traceId: string): { previous?: string; next?: string } {
  const place = ids.indexOf(traceId);
  return place < 0 ? {} : { previous: ids[place - 1], next: ids[place + 1] };
}
