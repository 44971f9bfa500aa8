/** Over the list: how many requests began when, how long they took, and what those in a box have in common. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { heatmapQuery } from "@/api/analytics";
import { ClockRuler } from "@/charts/frame";
import { columnsFor, type Grid, noBins, perColumn, toGrid } from "@/charts/heatmap";
import { HeatmapChart } from "@/charts/heatmap-chart";
import { usePointing } from "@/charts/pointer";
import type { Series } from "@/charts/series";
import { SeriesChart } from "@/charts/series-chart";
import { useWidth } from "@/charts/width";
import { formatMs } from "@/format/duration";
import { formatCount } from "@/format/number";
import { rangeOf } from "@/time-range/address";
import { bucketsOf } from "@/time-range/buckets";
import type { TimeRange } from "@/time-range/range";
import { toSearch, useZoomKeys } from "@/time-range/zoom";
import { Differences } from "./differences";
import { boxOf, conditionsOf, hasFilters, type TracesSearch, withRange, writeBox } from "./search";

const LIVE_MS = 5_000;

type LatencyProps = { search: TracesSearch; onChange: (search: TracesSearch) => void };

export function Latency({ search, onChange }: LatencyProps) {
  const section = useRef<HTMLElement>(null);
  const width = useWidth(section); // of the whole page, so that a box does not change the columns
  const most = columnsFor(width);
  const range = rangeOf(search);
  const filters = conditionsOf(search);
  const heatmap = useQuery({
    ...heatmapQuery(filters, JSON.stringify([range, most]), () => bucketsOf(range, most)),
    placeholderData: keepPreviousData,
    refetchInterval: search.live && LIVE_MS,
    enabled: width > 0,
  });
  const fresh = heatmap.isPlaceholderData ? undefined : heatmap.data;
  const window = fresh?.window ?? bucketsOf(range, most);
  const [from, to] = [Date.parse(window.from), Date.parse(window.to)];
  const waiting = noBins({ from, to }, window.points);
  // What another range had is as narrow as that was: a month may have millions of its columns.
  const bins = fresh ?? (heatmap.data?.width_ms === waiting.width_ms ? heatmap.data : undefined);
  const stretch = useMemo(() => ({ from, to }), [from, to]);
  const box = useMemo(() => boxOf({ box: search.box }), [search.box]);
  const grid = useMemo(() => toGrid(bins ?? noBins(stretch, window.points), stretch, box), [bins, stretch, window.points, box]);
  const onRange = (next: Parameters<typeof withRange>[1] | object) => onChange(withRange(search, next as TimeRange));
  const pointing = usePointing(stretch, (chosen) => onRange(toSearch(chosen)));
  useZoomKeys({ stretch, onRange });
  const nothing = heatmap.isPending || !bins ? "" : hasFilters(search) ? "No request matches in this range" : "No request in this range";
  return (
    <section ref={section} aria-label="Latency" className="flex border-t border-line max-lg:flex-col">
      <div className="min-w-0 flex-1 px-4 pb-2">
        <Strip grid={grid} pointing={pointing} nothing={nothing} />
        <HeatmapChart title="Latency" grid={grid} pointing={pointing} box={box} onBox={(next) => onChange({ ...search, box: next && writeBox(next) })} nothing={nothing} />
        <ClockRuler pointing={pointing} />
      </div>
      {box && <Differences search={search} filters={filters} window={window} box={box} onChange={onChange} />}
    </section>
  );
}

type StripProps = { grid: Grid; pointing: ReturnType<typeof usePointing>; nothing: string };

/** How many began in each column; dragging over it narrows the range. */
function Strip({ grid, pointing, nothing }: StripProps) {
  const series = useMemo<Series>(() => {
    const starts = Float64Array.from({ length: grid.columns }, (_, column) => grid.from + column * grid.width);
    const { ok, failed } = perColumn(grid);
    return {
      starts,
      ends: starts.map((start) => start + grid.width),
      lines: [
        { label: "failed", color: "var(--color-bad)", values: failed },
        { label: "ok", color: "var(--color-series-1)", values: ok },
      ],
      shape: "bars",
    };
  }, [grid]);
  const title = `Requests per ${formatMs(grid.width).replace(/\.0+(?= )/, "").replace("m 00s", " min")}`;
  return <SeriesChart title={title} series={series} format={(value) => formatCount(Math.round(value))} pointing={pointing} nothing={nothing} empty={grid.bins.counts.length === 0} height={36} />;
}
