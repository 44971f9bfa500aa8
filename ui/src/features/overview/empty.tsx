/** Nothing to sum up: what hides it, or how to send the first. */
import { useQuery } from "@tanstack/react-query";
import { anyTraceQuery } from "@/api/queries";
import { FirstTrace } from "@/features/traces/empty";
import { type RangeSearch, rangeOf } from "@/time-range/address";
import { within } from "@/time-range/range";
import { Button } from "@/widgets/button";
import { LookFurther, NothingHere } from "@/widgets/empty";
import { ProblemNotice } from "@/widgets/problem-notice";

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
  const filters = (["service", "model"] as const).flatMap((name) => (search[name] ? [`${name} ${search[name]}`] : []));
  if (any.isPending) return null;
  if (any.isError) return <ProblemNotice error={any.error} onRetry={() => void any.refetch()} />;
  if (any.data.items.length === 0) return <FirstTrace />;
  const text = `There are traces, but no ${what} ${filters.length > 0 ? `of ${filters.join(" and ")} ` : ""}${within(range)}.`;
  const actions = (
    <>
      <LookFurther range={range} onRange={onRange} />
      {filters.length > 0 && <Button onClick={onClear}>Clear filters</Button>}
    </>
  );
  return <NothingHere title={`No ${what} here`} text={text} actions={actions} />;
}
