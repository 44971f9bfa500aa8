/** The time range in an address: `range` for one that moves along, `from` and `to` for one that does not. */
import { asMoment, asText, type Params } from "@/search-params";
import { DEFAULT_RANGE, parseRange, type TimeRange } from "./range";

export type RangeSearch = { range?: string; from?: string; to?: string };

/** Keep what is valid and not the default. */
export function readRange(params: Params): RangeSearch {
  const [from, to] = [asMoment(params.from), asMoment(params.to)];
  if (from && to && from < to) return { from, to };
  const range = asText(params.range);
  return range && range !== DEFAULT_RANGE && parseRange(range) ? { range } : {};
}

export const rangeOf = ({ range, from, to }: RangeSearch): TimeRange =>
  from && to ? { from, to } : { range: range ?? DEFAULT_RANGE };
