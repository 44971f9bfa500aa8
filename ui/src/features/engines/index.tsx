/** What an engine did, step by step. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useMemo } from "react";
import { engineStepsQuery, enginesQuery } from "@/api/queries";
import type { Step } from "@/api/types";
import type { Stretch } from "@/charts/clock";
import { ClockRuler } from "@/charts/frame";
import { type Pointing, usePointing } from "@/charts/pointer";
import { placeAt } from "@/charts/series";
import { SeriesChart } from "@/charts/series-chart";
import { formatCount } from "@/format/number";
import { useKeys } from "@/keys";
import { rangeOf, readRange, type RangeSearch } from "@/time-range/address";
import { TimeRangePicker } from "@/time-range/picker";
import { isRelative, resolve } from "@/time-range/range";
import { toSearch, useZoomKeys, ZoomOutButton } from "@/time-range/zoom";
import { IconButton } from "@/widgets/button";
import { Picker } from "@/widgets/picker";
import { NotRefreshed, ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import { Empty } from "./empty";
import { Header } from "./header";
import { Panel } from "./panel";
import type { EnginesSearch } from "./search";
import { nameOf, shown, stretchOf, summarise, toCharts } from "./steps";

const LIVE_MS = 5_000;
/** Of the length shown: how far beside a step a click still means it. */
const REACH = 0.01;
const NO_STEPS: Step[] = [];
const route = getRouteApi("/engines");

function useEngine(search: EnginesSearch) {
  const range = rangeOf(search);
  const key = JSON.stringify(range);
  const window = () => resolve(range);
  const polling = { placeholderData: keepPreviousData, refetchInterval: isRelative(range) && LIVE_MS } as const;
  const engines = useQuery({ ...enginesQuery(key, window), ...polling });
  const id = search.engine ?? engines.data?.items[0]?.engine_id;
  const steps = useQuery({ ...engineStepsQuery(id ?? "", key, window), ...polling, enabled: id !== undefined });
  const read = steps.data?.engine === id ? steps.data : undefined; // not those of the engine before
  const byStart = useMemo(() => read?.items.toReversed() ?? NO_STEPS, [read]);
  return { engines, id, steps, byStart, cut: read?.cut ?? false };
}

/** The stretch shown: it moves only when there are other steps. */
function useStretch(search: EnginesSearch, byStart: Step[], cut: boolean): Stretch {
  const { range, from, to } = search;
  return useMemo(() => {
    const chosen = rangeOf({ range, from, to });
    const ends = resolve(chosen);
    return shown(byStart, { from: Date.parse(ends.from), to: Date.parse(ends.to) }, { moving: isRelative(chosen), cut });
  }, [range, from, to, byStart, cut]);
}

export function EnginesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { engines, id, steps, byStart, cut } = useEngine(search);
  const stretch = useStretch(search, byStart, cut);
  const set = (patch: Partial<EnginesSearch>, replace = false) => void navigate({ search: { ...search, ...patch }, replace });
  const onRange = (next: RangeSearch) => void navigate({ search: { engine: search.engine, step: search.step, ...readRange(next) } });
  const charts = useMemo(() => toCharts(byStart), [byStart]);
  const onClick = (at: number) => {
    const place = placeAt(charts[0]!.series, at, (stretch.to - stretch.from) * REACH);
    if (place >= 0) set({ step: byStart[place]!.number, engine: id }, search.step !== undefined);
  };
  const pointing = usePointing(stretch, (chosen) => onRange(toSearch(chosen)), onClick);
  const selected = byStart.findIndex(({ number }) => number === search.step);
  const move = (by: number) => {
    const next = byStart[selected < 0 ? (by > 0 ? 0 : byStart.length - 1) : selected + by];
    if (next) set({ step: next.number, engine: id }, search.step !== undefined);
  };
  const close = () => set({ step: undefined });
  const refresh = () => void Promise.all([engines.refetch(), steps.refetch()]);
  useKeys({ r: refresh, j: () => move(1), k: () => move(-1), Escape: () => search.step !== undefined && close() });
  useZoomKeys({ stretch, onRange });
  const engine = engines.data?.items.find((each) => each.engine_id === id);
  const error = engines.error ?? steps.error;
  const mark = selected >= 0 ? stretchOf(byStart[selected]!) : undefined;
  const content = () => {
    if (error && byStart.length === 0) return <ProblemNotice error={error} onRetry={refresh} />;
    if (engines.isPending) return <Waiting />;
    if (id === undefined) return <Empty search={search} onRange={onRange} />;
    return <Charts charts={charts} pointing={{ ...pointing, mark }} pending={steps.isPending || steps.isPlaceholderData} cut={cut ? byStart.length : undefined} />;
  };
  return (
    <main className="flex h-full min-h-0 flex-col">
      <Header engine={engine} summary={useMemo(() => summarise(byStart), [byStart])} cut={cut} pending={engines.isPending}>
        {id === undefined && engines.isPending && <span className="h-7 w-52 pointer-coarse:h-9" />}
        {id !== undefined && (
          <Picker
            label="Engine"
            options={engines.data?.items.map((each) => each.engine_id) ?? []}
            value={id}
            write={(each) => nameOf(each, engines.data?.items ?? [])}
            required
            onPick={(picked) => picked && set({ engine: picked, step: undefined })}
          />
        )}
        <TimeRangePicker range={rangeOf(search)} onPick={onRange} />
        {error && byStart.length > 0 && <NotRefreshed error={error} />}
        <div className="ml-auto flex gap-1">
          <ZoomOutButton stretch={stretch} onRange={onRange} />
          <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={refresh} />
        </div>
      </Header>
      <div className="relative flex min-h-0 flex-1">
        <div data-scroll-restoration-id="engines" role="region" aria-label="Steps over time" tabIndex={0} className="min-h-0 min-w-0 flex-1 overflow-y-auto pb-4 focus-visible:outline-offset-[-2px]">
          {content()}
        </div>
        {search.step !== undefined && id !== undefined && <Panel number={search.step} step={byStart[selected]} onMove={move} onClose={close} />}
      </div>
    </main>
  );
}

type ChartsProps = { charts: ReturnType<typeof toCharts>; pointing: Pointing; pending: boolean; /** How many steps were read, of more. */ cut: number | undefined };

const Charts = ({ charts, pointing, pending, cut }: ChartsProps) => (
  <>
    <div className="sticky top-0 z-10 border-b border-line bg-canvas px-4">
      <ClockRuler pointing={pointing} />
    </div>
    <div className="flex flex-col gap-1.5 px-4 pt-1">
      {charts.map(({ nothing = "No step in this range", ...chart }) => (
        <SeriesChart key={chart.title} {...chart} pointing={pointing} nothing={pending ? "" : nothing} height={92} />
      ))}
      <p className="text-sm text-ink-muted">
        {cut === undefined ? "" : `The newest ${formatCount(cut)} steps of the range; go back with a, or choose an earlier one. `}
        Click a step for its requests, drag to zoom.
      </p>
    </div>
  </>
);

const Waiting = () => (
  <div aria-busy className="flex flex-col gap-4 p-4">
    {Array.from({ length: 5 }, (_, chart) => (
      <Skeleton key={chart} className="h-24!" />
    ))}
  </div>
);
