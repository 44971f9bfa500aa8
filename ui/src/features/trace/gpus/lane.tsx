/** One counter of one GPU on the time axis of the spans. */
import { Link } from "@tanstack/react-router";
import { memo, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { GpuMetrics } from "@/api/types";
import type { Stretch } from "@/charts/clock";
import { highest, placeAt, roundTop, type Series } from "@/charts/series";
import { paintSeries } from "@/charts/series-paint";
import { useTheme } from "@/theme";
import { toSearch } from "@/time-range/zoom";
import { classes } from "@/widgets/classes";
import { shortUuid } from "../../gpus/nodes";
import { around, type Counter, MEASURES, meanIn, topOf, toSeries } from "./counters";

const HEIGHT = 34;
/** The line of words over a lane. */
const WORDS = 20;

type LaneProps = { metrics: GpuMetrics; counter: Counter; stretch: Stretch; width: number; /** Words over the lane instead of beside it. */ stacked?: boolean };

export function Lane({ metrics, counter, stretch, width, stacked = false }: LaneProps) {
  const [at, setAt] = useState<number>();
  const series = useMemo(() => toSeries(metrics, counter), [metrics, counter]);
  const { format, label } = MEASURES[counter];
  const { from, to } = stretch;
  const uuid = metrics.resource_uuid;
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const { left, width: wide } = event.currentTarget.getBoundingClientRect();
    setAt(from + ((event.clientX - left) / wide) * (to - from));
  };
  const said = series ? format(at === undefined ? meanIn(series, stretch) : series.lines[0]!.values[placeAt(series, at, Infinity)]!) : "not measured";
  return (
    <li className={classes("flex border-t border-line", stacked && "flex-col")} style={{ height: HEIGHT + 1 + (stacked ? WORDS : 0) }}>
      <div className={classes("flex w-(--names) shrink-0 items-center gap-2 overflow-hidden pr-3 pl-4 text-sm tabular", stacked && "h-5")}>
        <Link to="/gpus/$uuid" params={{ uuid }} search={toSearch(around(stretch))} title={uuid} className="min-w-0 truncate rounded font-mono text-xs text-accent hover:underline">
          {shortUuid(uuid)}
        </Link>
        <span className="ml-auto shrink-0 whitespace-nowrap">
          {series && at === undefined && <span className="text-ink-faint">mean </span>}
          {said}
        </span>
      </div>
      <div role="img" aria-label={`${label} of ${shortUuid(uuid)}: ${said}`} onPointerMove={onPointerMove} onPointerLeave={() => setAt(undefined)} className="relative mr-3 min-w-0 flex-1 overflow-hidden">
        {series && <Drawn series={series} stretch={stretch} top={topOf(metrics, counter)} width={width} />}
        {at !== undefined && <span aria-hidden style={{ left: `${((at - from) / (to - from)) * 100}%` }} className="pointer-events-none absolute inset-y-0 w-px bg-ink-muted" />}
      </div>
    </li>
  );
}

type DrawnProps = { series: Series; stretch: Stretch; top: number | undefined; width: number };

const Drawn = memo(function Drawn({ series, stretch, top, width }: DrawnProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  const end = useMemo(() => top ?? roundTop(highest(series)), [top, series]);
  useEffect(() => {
    if (canvas.current && width > 0) paintSeries(canvas.current, { series, stretch, top: end, width, height: HEIGHT });
  }, [series, stretch, end, width, dark]); // dark: the colours come to something else
  return <canvas ref={canvas} aria-hidden style={{ width, height: HEIGHT }} className="absolute inset-0" />;
});
