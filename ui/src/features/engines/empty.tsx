/** No engine to show: the range is too short, or no engine sends its steps. */
import { Blocks } from "lucide-react";
import { type RangeSearch, rangeOf } from "@/time-range/address";
import { LookFurther, NothingYet } from "@/widgets/empty";
import { Snippet } from "@/widgets/snippet";

export const Empty = ({ search, onRange }: { search: RangeSearch; onRange: (range: RangeSearch) => void }) => (
  <NothingYet icon={Blocks} title="No engine made a step in this range" text="An inference engine that runs under Axonize sends every step of its scheduler.">
    <LookFurther range={rangeOf(search)} onRange={onRange} />
    <p className="text-ink-muted">Start vLLM through Axonize:</p>
    <Snippet text="axonize-instrument vllm serve MODEL" />
  </NothingYet>
);
