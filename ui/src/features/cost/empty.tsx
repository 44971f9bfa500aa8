/** No cost to show: the range is too short, or nothing that sends steps or calls worked on a GPU. */
import { Coins } from "lucide-react";
import { type RangeSearch, rangeOf } from "@/time-range/address";
import { LookFurther, NothingYet } from "@/widgets/empty";
import { Snippet } from "@/widgets/snippet";

export const Empty = ({ search, onRange }: { search: RangeSearch; onRange: (range: RangeSearch) => void }) => (
  <NothingYet icon={Coins} title="No engine used a GPU in this range" text="Costs are added up from the steps of inference engines, from calls that name a GPU, and from the time between them.">
    <LookFurther range={rangeOf(search)} onRange={onRange} />
    <p className="text-ink-muted">Start vLLM through Axonize, and say what a GPU costs an hour:</p>
    <Snippet text="AXONIZE_COST_PER_HOUR_USD=H100=2.5 axonize-instrument vllm serve MODEL" />
  </NothingYet>
);
