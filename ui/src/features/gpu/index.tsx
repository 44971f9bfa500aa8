/** One GPU or MIG instance over time, and the requests that ran on it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useMemo } from "react";
import { ProblemError } from "@/api/problem";
import { gpuMetricsQuery, gpusQuery, gpuTracesQuery } from "@/api/queries";
import type { Stretch } from "@/charts/clock";
import { ClockRuler } from "@/charts/frame";
import { type Pointing, usePointing } from "@/charts/pointer";
import { SeriesChart } from "@/charts/series-chart";
import { formatMs } from "@/format/duration";
import { formatCount } from "@/format/number";
import { useKeys } from "@/keys";
import { type RangeSearch, rangeOf, readRange } from "@/time-range/address";
import { bucketsOf } from "@/time-range/buckets";
import { TimeRangePicker } from "@/time-range/picker";
import { isRelative, resolve } from "@/time-range/range";
import { toSearch, useZoomKeys, ZoomOutButton } from "@/time-range/zoom";
import { useTitle } from "@/title";
import { IconButton } from "@/widgets/button";
import { ProblemNotice } from "@/widgets/problem-notice";
import { shortUuid } from "../gpus/nodes";
import { toCharts } from "./charts";
import { toDensity } from "./density";
import { Header } from "./header";
import { Layers } from "./layers";
import { Recent } from "./recent";
import { Throttle } from "./throttle-lanes";

const METRICS_MS = 5_000;
const TRACES_MS = 15_000;
const MOST_BUCKETS = 600;
const NO_TRACES = { items: [], cut: false };
const route = getRouteApi("/gpus/$uuid");

function useGpu(uuid: string, search: RangeSearch) {
  const range = rangeOf(search);
  const key = JSON.stringify(range);
  const live = isRelative(range);
  const window = () => resolve(range);
  const gpus = useQuery({ ...gpusQuery(key, window), placeholderData: keepPreviousData, refetchInterval: live && METRICS_MS });
  const gpu = gpus.data?.items.find((each) => each.resource_uuid === uuid);
  const metrics = useQuery({
    ...gpuMetricsQuery(uuid, key, () => bucketsOf(range, MOST_BUCKETS)),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => live && !isUnknown(state.error) && METRICS_MS,
    enabled: !gpus.isPending && gpu?.sample !== null, // it would be told that there are none
  });
  const traces = useQuery({ ...gpuTracesQuery(uuid, key, window), placeholderData: keepPreviousData, refetchInterval: live && TRACES_MS });
  return { metrics, gpus, gpu, traces };
}

/** Whether the server holds no metrics of the GPU at all. */
const isUnknown = (error: Error | null) => error instanceof ProblemError && error.status === 404;

/** Metrics of another GPU, shown until those of this one come, would be a lie. */
const ofThis = <Data extends { resource_uuid: string }>(data: Data | undefined, uuid: string) => (data?.resource_uuid === uuid ? data : undefined);

export function GpuPage() {
  const { uuid } = route.useParams();
  return <OpenGpu key={uuid} uuid={uuid} />;
}

function OpenGpu({ uuid }: { uuid: string }) {
  useTitle(shortUuid(uuid));
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const { metrics, gpus, gpu, traces } = useGpu(uuid, search);
  const data = ofThis(metrics.data, uuid);
  const unmeasured = gpu?.sample === null || isUnknown(metrics.error);
  const window = data && !metrics.isPlaceholderData ? data.window : bucketsOf(range, MOST_BUCKETS);
  const [from, to] = [Date.parse(window.from), Date.parse(window.to)];
  const stretch = useMemo(() => ({ from, to }), [from, to]);
  const onRange = (next: RangeSearch) => void navigate({ search: readRange(next) });
  const pointing = usePointing(stretch, (chosen) => onRange(toSearch(chosen)));
  const refresh = () => void Promise.all([metrics.refetch(), gpus.refetch(), traces.refetch()]);
  useKeys({ r: refresh });
  useZoomKeys({ stretch, onRange });
  const points = useMemo(() => data?.points ?? [], [data]);
  const instances = gpus.data?.items.filter((each) => each.physical_uuid === uuid && each.resource_uuid !== uuid) ?? [];
  const { items, cut } = traces.data ?? NO_TRACES;
  const failed = unmeasured || points.length > 0 ? null : (metrics.error ?? (gpus.data ? null : gpus.error));
  const nothing = metrics.isPending && !unmeasured ? "" : "Not measured in this range";
  return (
    <main className="flex h-full min-h-0 flex-col">
      <Header uuid={uuid} gpu={gpu} instances={instances} points={points} search={search}>
        <TimeRangePicker range={range} onPick={onRange} />
        <ZoomOutButton stretch={stretch} onRange={onRange} />
        <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={refresh} />
      </Header>
      <div data-scroll-restoration-id="gpu" className="min-h-0 flex-1 overflow-y-auto pb-4">
        {failed ? (
          <ProblemNotice error={failed} onRetry={refresh} />
        ) : (
          <>
            <div className="sticky top-0 z-10 border-b border-line bg-canvas px-4">
              <ClockRuler pointing={pointing} />
            </div>
            <div className="flex flex-col gap-1.5 px-4 pt-1 pb-5">
              {unmeasured && <p className="pt-2 text-sm text-ink-muted">{gpu ? "Nobody sends metrics of this GPU; spans name it." : "No metrics of this GPU are known."}</p>}
              <Charts points={points} widthMs={data?.width_ms ?? 1} pointing={pointing} nothing={nothing} />
              <Density traces={items} cut={cut} stretch={stretch} pointing={pointing} nothing={traces.data ? "No request started in this range" : ""} />
            </div>
            {gpu && <Layers uuid={uuid} search={search} />}
            <Recent uuid={uuid} traces={items} cut={cut} search={search} note={noteOf(traces)} />
          </>
        )}
      </div>
    </main>
  );
}

function noteOf({ isPending, error, data }: { isPending: boolean; error: Error | null; data?: typeof NO_TRACES | { items: unknown[] } }): string | undefined {
  if (isPending) return "Looking for traces…";
  if (error && !data) return `The traces could not be read: ${error.message}`;
  return data?.items.length ? undefined : "No trace ran on this GPU in this range.";
}

type ChartsProps = { points: Parameters<typeof toCharts>[0]; widthMs: number; pointing: Pointing; nothing: string };

function Charts({ points, widthMs, pointing, nothing }: ChartsProps) {
  const charts = useMemo(() => toCharts(points, widthMs), [points, widthMs]);
  return (
    <>
      {charts.map((chart) => (
        <SeriesChart key={chart.title} {...chart} pointing={pointing} nothing={nothing} />
      ))}
      <Throttle points={points} widthMs={widthMs} pointing={pointing} nothing={nothing} />
    </>
  );
}

type DensityProps = { traces: Parameters<typeof toDensity>[0]; cut: boolean; stretch: Stretch; pointing: Pointing; nothing: string };

function Density({ traces, cut, stretch, pointing, nothing }: DensityProps) {
  const { width, ...series } = useMemo(() => toDensity(traces, stretch), [traces, stretch]);
  const last = traces.at(-1);
  return (
    <>
      <SeriesChart
        title={`Requests started per ${formatMs(width).replace(/\.0+(?= )/, "")}`}
        series={series}
        format={(value) => formatCount(Math.round(value))}
        pointing={pointing}
        nothing={nothing}
        empty={traces.length === 0}
        knownFrom={cut && last ? Date.parse(last.start_time) : undefined}
      />
      {cut && <p className="text-sm text-ink-muted">The newest {formatCount(traces.length)} requests; zoom in for those before.</p>}
    </>
  );
}
