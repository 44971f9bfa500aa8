/** What the address of the models' page says. */
import { asOneOf, asText, type Params } from "@/search-params";
import { type RangeSearch, readRange } from "@/time-range/address";

export const SORTS = ["name", "requests", "errors", "p50", "p95", "p99", "ttft", "tpot", "input", "output", "seconds", "cost"] as const;
export type ModelSort = (typeof SORTS)[number];

export type ModelsSearch = RangeSearch & {
  service?: string;
  /** Without one it is the number of requests; names rise, all others fall. */
  sort?: ModelSort;
};

export function readModels(params: Params): ModelsSearch {
  const [service, sort] = [asText(params.service), asOneOf(params.sort, SORTS)];
  return { ...readRange(params), ...(service && { service }), ...(sort && sort !== "requests" && { sort }) };
}
