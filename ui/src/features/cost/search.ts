/** What the address of the cost page says. */
import type { CostGrouping } from "@/api/types";
import { asOneOf, type Params } from "@/search-params";
import { type RangeSearch, readRange } from "@/time-range/address";

export const GROUPINGS: readonly CostGrouping[] = ["model", "service", "gpu"];

export type CostSearch = RangeSearch & {
  /** Without one it is by model. */
  by?: CostGrouping;
};

export function readCost(params: Params): CostSearch {
  const by = asOneOf(params.by, GROUPINGS);
  return { ...readRange(params), ...(by && by !== "model" && { by }) };
}
