/** What engines cost, and how much of it was for nothing. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { costQuery } from "@/api/queries";
import type { Cost, CostGrouping } from "@/api/types";
import { useKeys } from "@/keys";
import { type RangeSearch, rangeOf, readRange } from "@/time-range/address";
import { TimeRangePicker } from "@/time-range/picker";
import { isRelative, resolve } from "@/time-range/range";
import { IconButton } from "@/widgets/button";
import { ProblemNotice } from "@/widgets/problem-notice";
import { Segmented } from "@/widgets/segmented";
import { Skeleton } from "@/widgets/skeleton";
import { Stale } from "@/widgets/stale";
import { gapsOf, secondsOf } from "./amounts";
import { Legend } from "./bar";
import { Empty } from "./empty";
import { Figures } from "./figures";
import { type CostSearch, GROUPINGS } from "./search";
import { CostTable } from "./table";

const LIVE_MS = 15_000;
const NAMES: Record<CostGrouping, string> = { model: "Model", service: "Service", gpu: "GPU" };
const route = getRouteApi("/cost");

export function CostPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const by = search.by ?? "model";
  const cost = useQuery({
    ...costQuery(by, JSON.stringify(range), () => resolve(range)),
    placeholderData: keepPreviousData,
    refetchInterval: isRelative(range) && LIVE_MS,
  });
  const refresh = () => void cost.refetch();
  useKeys({ r: refresh });
  const set = (next: CostSearch) => void navigate({ search: next });
  const onRange = (next: RangeSearch) => set({ ...(search.by && { by: search.by }), ...readRange(next) });
  return (
    <main className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
        <h1 className="mr-2 text-lg font-semibold tracking-tight max-sm:sr-only">Cost</h1>
        <Segmented label="Add up by" options={GROUPINGS.map((value) => ({ value, label: NAMES[value] }))} value={by} onPick={(picked) => set({ ...search, by: picked === "model" ? undefined : picked })} />
        <TimeRangePicker range={range} onPick={onRange} />
        {cost.isError && cost.data && (
          <span role="alert" className="text-sm text-bad">
            Not refreshed: {cost.error.message}
          </span>
        )}
        <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={refresh} className="ml-auto" />
      </div>
      <div data-scroll-restoration-id="cost" role="region" aria-label="Costs" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto focus-visible:outline-offset-[-2px]">
        {cost.isPending && <Waiting />}
        {cost.isError && !cost.data && <ProblemNotice error={cost.error} onRetry={refresh} />}
        {cost.data && (
          <Stale busy={cost.isPlaceholderData}>
            <Contents cost={cost.data} search={search} onRange={onRange} />
          </Stale>
        )}
      </div>
    </main>
  );
}

type ContentsProps = { cost: Cost; search: CostSearch; onRange: (range: RangeSearch) => void };

function Contents({ cost, search, onRange }: ContentsProps) {
  const range = readRange(search);
  if (secondsOf(cost.total.now) + secondsOf(cost.total.previous) === 0) return <Empty search={range} onRange={onRange} />;
  const unpriced = cost.total.now.priced_gpu_seconds === 0;
  const gaps = gapsOf(cost.total);
  return (
    <>
      <section aria-label="All together" className="border-b border-line bg-surface px-4 py-3">
        <Figures total={cost.total} />
      </section>
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-4 pt-3 pb-1">
        <Legend />
        {gaps.length > 0 && <p className="text-xs text-warn">Of all: {gaps.join(", ")}</p>}
        {unpriced && (
          <p className="text-xs text-ink-muted">
            No GPU has a price: set <code className="font-mono">cost_per_hour_usd</code> by model, or the price of a card on the page of <Link to="/gpus" search={range} className="rounded text-accent hover:underline">that GPU</Link>.
          </p>
        )}
      </div>
      <CostTable groups={cost.items} by={cost.group_by} range={range} />
    </>
  );
}

const Waiting = () => (
  <div aria-busy className="flex flex-col gap-4 p-4">
    {Array.from({ length: 6 }, (_, row) => (
      <Skeleton key={row} className="h-8!" />
    ))}
  </div>
);
