/** No cost to show: the range is too short, or nothing that sends steps or calls worked on a GPU. */
import { Coins } from "lucide-react";
import { type RangeSearch, rangeOf } from "@/time-range/address";
import { describe, widen } from "@/time-range/range";
import { Button } from "@/widgets/button";
import { Snippet } from "@/widgets/snippet";

export function Empty({ search, onRange }: { search: RangeSearch; onRange: (range: RangeSearch) => void }) {
  const wider = widen(rangeOf(search));
  return (
    <div className="mx-auto flex max-w-xl flex-col gap-4 px-6 py-14">
      <div className="flex items-center gap-3">
        <span className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent">
          <Coins size={17} aria-hidden />
        </span>
        <div>
          <h2 className="text-lg font-semibold">No engine used a GPU in this range</h2>
          <p className="text-ink-muted">Costs are added up from the steps of inference engines, from calls that name a GPU, and from the time between them.</p>
        </div>
      </div>
      {wider && (
        <Button look="primary" className="self-start" onClick={() => onRange(wider)}>
          Look in the {describe(wider).toLowerCase()}
        </Button>
      )}
      <p className="text-ink-muted">Start vLLM through Axonize, and say what a GPU costs an hour:</p>
      <Snippet text="AXONIZE_COST_PER_HOUR_USD=H100=2.5 axonize-instrument vllm serve MODEL" />
    </div>
  );
}
