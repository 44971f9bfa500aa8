/** The GPUs of a trace under its spans, on the same axis. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronUp } from "lucide-react";
import { useMemo } from "react";
import { gpuMetricsQuery, gpusQuery } from "@/api/queries";
import type { GpuMetrics } from "@/api/types";
import type { Stretch } from "@/charts/clock";
import type { Window } from "@/charts/scale";
import { IconButton } from "@/widgets/button";
import { Segmented } from "@/widgets/segmented";
import type { Tree } from "../tree";
import { around, type Counter, COUNTERS, gpusOf, MEASURES } from "./counters";
import { Lane } from "./lane";

/** More lanes than these would leave no room for spans. */
const MOST = 8;
const POINTS = 1_000;

const inWords = ({ from, to }: Stretch) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

/** The metrics of a trace's GPUs, of those that send any. */
function useMetrics(traceId: string, tree: Tree, startMs: number): GpuMetrics[] {
  const uuids = useMemo(() => gpusOf(tree.spans), [tree]);
  const asked = inWords(around({ from: startMs, to: startMs + tree.totalNs / 1e6 }));
  const known = useQuery({ ...gpusQuery(traceId, () => asked), enabled: uuids.length > 0, staleTime: 30_000 });
  const measured = uuids.filter((uuid) => known.data?.items.some((gpu) => gpu.resource_uuid === uuid && gpu.sample)).slice(0, MOST);
  const metrics = useQueries({ queries: measured.map((uuid) => gpuMetricsQuery(uuid, traceId, () => ({ ...asked, points: POINTS }))) });
  return metrics.flatMap(({ data }) => data ?? []);
}

type GpuCountersProps = {
  traceId: string;
  tree: Tree;
  /** Of the trace, Unix ms. */
  startMs: number;
  window: Window;
  width: number;
  /** Undefined: folded. */
  counter: Counter | undefined;
  onCounter: (counter: Counter | undefined) => void;
  /** Words over the lanes instead of beside them. */
  stacked?: boolean;
};

export function GpuCounters({ traceId, tree, startMs, window, width, counter, onCounter, stacked }: GpuCountersProps) {
  const metrics = useMetrics(traceId, tree, startMs);
  const { start, end } = window;
  const stretch = useMemo(() => ({ from: startMs + start / 1e6, to: startMs + end / 1e6 }), [startMs, start, end]);
  if (metrics.length === 0) return null;
  return (
    <section aria-label="GPUs" className="flex max-h-[40%] shrink-0 flex-col border-t border-line-strong bg-surface">
      <div className="relative z-30 flex h-9 shrink-0 items-center bg-surface gap-2 px-4">
        <h2 className="text-xs font-medium text-ink-muted">GPUs</h2>
        {counter && <Segmented label="Counter" options={COUNTERS.map((value) => ({ value, label: MEASURES[value].label }))} value={counter} onPick={onCounter} />}
        <IconButton icon={counter ? ChevronDown : ChevronUp} label={counter ? "Hide the GPUs" : "Show the GPUs"} className="ml-auto" onClick={() => onCounter(counter ? undefined : COUNTERS[0])} />
      </div>
      {counter && (
        <ul className="min-h-0 overflow-x-hidden overflow-y-scroll">
          {metrics.map((each) => (
            <Lane key={each.resource_uuid} metrics={each} counter={counter} stretch={stretch} width={width} stacked={stacked} />
          ))}
        </ul>
      )}
    </section>
  );
}
