/** Nothing to sum up: what hides it, or how to send the first. */
import { useQuery } from "@tanstack/react-query";
import { SearchX } from "lucide-react";
import { anyTraceQuery } from "@/api/queries";
import { FirstTrace } from "@/features/traces/empty";
import { type RangeSearch, rangeOf } from "@/time-range/address";
import { describe, isRelative, widen } from "@/time-range/range";
import { Button } from "@/widgets/button";

type HiddenProps = {
  /** What there is none of. */
  what: "request" | "model";
  search: RangeSearch & { service?: string; model?: string };
  onRange: (range: { range: string }) => void;
  onClear: () => void;
};

export function Hidden({ what, search, onRange, onClear }: HiddenProps) {
  const any = useQuery(anyTraceQuery);
  const range = rangeOf(search);
  const wider = widen(range);
  const filters = (["service", "model"] as const).flatMap((name) => (search[name] ? [`${name} ${search[name]}`] : []));
  if (any.isPending) return null;
  if (any.data?.items.length === 0) return <FirstTrace />;
  const within = isRelative(range) ? `in the ${describe(range).toLowerCase()}` : `between ${describe(range).replace(" – ", " and ")}`;
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-6 py-16 text-center">
      <SearchX size={26} strokeWidth={1.6} aria-hidden className="text-ink-faint" />
      <h2 className="text-lg font-semibold">No {what} here</h2>
      <p className="text-ink-muted">
        There are traces, but no {what} {filters.length > 0 && `of ${filters.join(" and ")} `}
        {within}.
      </p>
      <div className="mt-1 flex flex-wrap justify-center gap-2">
        {wider && (
          <Button look="primary" onClick={() => onRange(wider)}>
            Look in the {describe(wider).toLowerCase()}
          </Button>
        )}
        {filters.length > 0 && <Button onClick={onClear}>Clear filters</Button>}
      </div>
    </div>
  );
}
