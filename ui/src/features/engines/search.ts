/** What the address of the engine page says. */
import { asAmount, asText, type Params } from "@/search-params";
import { type RangeSearch, readRange } from "@/time-range/address";

export type EnginesSearch = RangeSearch & {
  /** Id; without one it is the engine seen last. */
  engine?: string;
  /** Number of the step that is looked at. */
  step?: number;
};

export function readEngines(params: Params): EnginesSearch {
  const [engine, step] = [asText(params.engine), asAmount(params.step)];
  return { ...readRange(params), ...(engine && { engine }), ...(step !== undefined && { step }) };
}
