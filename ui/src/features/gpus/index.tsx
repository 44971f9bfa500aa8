/** Every GPU that was seen, by node, as it is now. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useMemo } from "react";
import { gpusQuery } from "@/api/queries";
import { plural } from "@/format/number";
import { formatShare, formatWatts } from "@/format/quantity";
import { useKeys } from "@/keys";
import { type RangeSearch, rangeOf, readRange } from "@/time-range/address";
import { TimeRangePicker } from "@/time-range/picker";
import { isRelative, resolve } from "@/time-range/range";
import { IconButton } from "@/widgets/button";
import { useNow } from "@/widgets/now";
import { ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import { Empty } from "./empty";
import { type Node, toNodes } from "./nodes";
import { Tile } from "./tile";

const LIVE_MS = 4_000;
const route = getRouteApi("/gpus");

export function GpusPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const gpus = useQuery({
    ...gpusQuery(JSON.stringify(range), () => resolve(range)),
    placeholderData: keepPreviousData,
    refetchInterval: isRelative(range) ? LIVE_MS : false,
  });
  const nodes = useMemo(() => toNodes(gpus.data?.items ?? []), [gpus.data]);
  const refresh = () => void gpus.refetch();
  useKeys({ r: refresh });
  const onRange = (next: RangeSearch) => void navigate({ search: readRange(next) });
  const content = () => {
    if (gpus.isPending) return <TilesSkeleton />;
    if (gpus.isError && nodes.length === 0) return <ProblemNotice error={gpus.error} onRetry={refresh} />;
    if (nodes.length === 0) return <Empty search={search} onRange={onRange} />;
    return <Nodes nodes={nodes} search={search} />;
  };
  return (
    <main className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
        <h1 className="mr-2 text-lg font-semibold tracking-tight">GPUs</h1>
        <TimeRangePicker range={range} onPick={onRange} />
        {gpus.isError && nodes.length > 0 && (
          <span role="alert" className="text-sm text-bad">
            Not refreshed: {gpus.error.message}
          </span>
        )}
        <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={refresh} className="ml-auto" />
      </div>
      <div data-scroll-restoration-id="gpus" className="min-h-0 flex-1 overflow-y-auto">
        {content()}
      </div>
    </main>
  );
}

function Nodes({ nodes, search }: { nodes: Node[]; search: RangeSearch }) {
  const now = useNow();
  return (
    <div className="flex flex-col gap-6 p-4">
      {nodes.map((node) => (
        <section key={node.host} aria-label={node.host || "Node not known"}>
          <div className="mb-2 flex flex-wrap items-baseline gap-x-3">
            <h2 className="font-semibold">{node.host || "Node not known"}</h2>
            <p className="text-sm text-ink-muted tabular">{sayings(node).join(" · ")}</p>
          </div>
          <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,272px),1fr))] items-start gap-3">
            {node.cards.map((card) => (
              <Tile key={card.uuid} card={card} search={search} now={now} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** "8 GPUs", "62 % utilised", "3.2 kW", "aws · eu-central-1a · p5.48xlarge", "driver 580.95.05" */
function sayings({ cards, utilization, powerW, facts }: Node): string[] {
  return [
    plural(cards.length, "GPU"),
    ...(utilization === undefined ? [] : [`${formatShare(utilization)} utilised`]),
    ...(powerW === undefined ? [] : [formatWatts(powerW)]),
    ...facts,
  ];
}

const TilesSkeleton = () => (
  <div aria-busy className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,272px),1fr))] gap-3 p-4 pt-11">
    {Array.from({ length: 4 }, (_, tile) => (
      <div key={tile} className="flex h-[202px] flex-col gap-3 rounded-lg border border-line bg-surface p-3.5">
        <Skeleton className="w-3/5" />
        <Skeleton className="w-full" />
        <Skeleton className="w-full" />
      </div>
    ))}
  </div>
);
