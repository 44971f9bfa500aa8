/** What the overview's address says: the range, and one service or model if it is about one. */
import type { Scope } from "@/api/analytics";
import { asText, type Params } from "@/search-params";
import { type RangeSearch, readRange } from "@/time-range/address";

export type OverviewSearch = RangeSearch & Scope;

export function readOverview(params: Params): OverviewSearch {
  const [service, model] = [asText(params.service), asText(params.model)];
  return { ...readRange(params), ...(service && { service }), ...(model && { model }) };
}
