/** The trace as a flame chart, on the axis of the tree: every span at once, on a canvas. */
import { type PointerEvent, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { concrete } from "@/charts/canvas";
import { Minimap } from "@/charts/minimap";
import { Gridlines, Ruler } from "@/charts/ruler";
import { lengthOf, ticks as ticksOf, type Window } from "@/charts/scale";
import { useHeight, useWidth } from "@/charts/width";
import { formatNs } from "@/format/duration";
import { formatCount } from "@/format/number";
import { useTheme } from "@/theme";
import type { CriticalPath } from "../critical-path";
import { usePan, useWheel } from "../gestures";
import { GpuCounters } from "../gpus";
import { Legend } from "../legend";
import { minimapBars } from "../minimap-bars";
import type { TraceState } from "../state";
import { useStrips } from "../steps";
import { StepLanes } from "../steps/lanes";
import { layOut, spanAt } from "./layout";
import { LANE, type Look, paint, type Palette } from "./paint";

const LEGEND = 26;
const MAP = 56;
const RULER = 28;
const HEAD = LEGEND + MAP + RULER + 1;
/** Pixels beside a span that still mean it. */
const REACH_PX = 3;

type FlameProps = { traceId: string; /** Of the trace, Unix ms. */ startMs: number; state: TraceState; path: CriticalPath | undefined; colors: Map<string, string> };

export function Flame({ traceId, startMs, state, path, colors }: FlameProps) {
  const { tree, window, selected, matches, set } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const lane = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(lane);
  const height = Math.max(useHeight(scroller) - HEAD, 0);
  const flame = useMemo(() => layOut(tree), [tree]);
  const steps = useStrips(traceId, tree);
  const bars = useMemo(() => minimapBars(tree, colors), [tree, colors]);
  const ticks = useMemo(() => ticksOf(window, width), [window, width]);
  const onWindow = useCallback((next: Window) => set({ window: next }), [set]);
  const axis = { lane, window, total: tree.totalNs, onWindow };
  useWheel(scroller, axis);
  const panning = usePan(axis);
  const look = useMemo<Look>(() => ({ tree, flame, window, matches, selected, path }), [tree, flame, window, matches, selected, path]);
  const onScroll = usePainting(canvas, scroller, look, colors, width, height);
  useEffect(() => {
    if (selected >= 0 && scroller.current) keepInSight(scroller.current, flame.lane[selected]! * LANE, height);
  }, [selected, flame, height]);
  const [pointed, setPointed] = useState<Pointed>();
  const under = (event: { clientX: number; clientY: number }) => {
    const box = canvas.current!.getBoundingClientRect();
    const nsPerPixel = lengthOf(window) / width;
    const row = Math.floor((event.clientY - box.top + scroller.current!.scrollTop) / LANE);
    return spanAt(flame, row, window.start + (event.clientX - box.left) * nsPerPixel, REACH_PX * nsPerPixel);
  };
  const onPointerMove = (event: PointerEvent) => {
    const index = event.buttons === 0 ? under(event) : -1;
    const box = scroller.current!.getBoundingClientRect();
    setPointed(index < 0 ? undefined : { index, x: event.clientX - box.left, y: event.clientY - box.top });
  };
  return (
    <div className="relative flex min-h-0 min-w-0 flex-1 flex-col [--names:100%]">
      <div ref={scroller} tabIndex={0} aria-label="Flame chart" role="group" data-testid="flame" onScroll={onScroll} className="min-h-0 flex-1 overflow-x-hidden overflow-y-scroll bg-surface focus-visible:-outline-offset-2" {...panning}>
        <div className="sticky top-0 z-20 border-b border-line bg-surface">
          <Legend services={colors} spans={NO_STRIPES} steps={steps.strips.length > 0} height={LEGEND} />
          <div className="border-b border-line pr-3">
            <Minimap bars={bars} total={tree.totalNs} window={window} onWindow={onWindow} height={MAP} />
          </div>
          <div ref={lane} style={{ height: RULER }} className="mr-3">
            <Ruler ticks={ticks} />
          </div>
        </div>
        <div className="relative" style={{ height: Math.max(flame.lanes * LANE + 8, height) }}>
          <div className="absolute inset-y-0 right-3 left-0">
            <Gridlines ticks={ticks} />
          </div>
          <canvas
            ref={canvas}
            role="img"
            aria-label={`${formatCount(tree.spans.length)} spans in ${formatCount(flame.lanes)} lanes`}
            style={{ width, height, top: HEAD }}
            onPointerMove={onPointerMove}
            onPointerLeave={() => setPointed(undefined)}
            onClick={(event) => state.select(under(event))}
            onDoubleClick={(event) => state.zoomTo(under(event))}
            className={`sticky block ${pointed ? "cursor-pointer" : ""}`}
          />
        </div>
      </div>
      <StepLanes steps={steps} state={state} colors={colors} width={width} onWindow={onWindow} />
      <GpuCounters stacked traceId={traceId} tree={tree} startMs={startMs} window={window} width={width} counter={state.counter} onCounter={(counter) => set({ counter })} />
      <div role="status">{pointed && <Card state={state} pointed={pointed} width={width} />}</div>
    </div>
  );
}

const NO_STRIPES: [] = [];

/** Paint when something changes, at most once a frame; returns what is to be done when it scrolls. */
function usePainting(canvas: RefObject<HTMLCanvasElement | null>, scroller: RefObject<HTMLElement | null>, look: Look, colors: Map<string, string>, width: number, height: number) {
  const { dark } = useTheme();
  const frame = useRef(0);
  const draw = useRef<() => void>(undefined);
  const palette = useRef<Palette>(undefined);
  useEffect(() => {
    if (canvas.current) palette.current = paletteOf(canvas.current, colors);
  }, [canvas, colors, dark]);
  useEffect(() => {
    draw.current = () => {
      frame.current = 0;
      if (canvas.current && palette.current && width > 0 && height > 0) paint(canvas.current, look, palette.current, width, height, scroller.current?.scrollTop ?? 0);
    };
    draw.current();
  }, [canvas, scroller, look, colors, width, height, dark]); // dark: the colours come to something else
  return () => {
    frame.current ||= requestAnimationFrame(() => draw.current?.());
  };
}

function paletteOf(canvas: HTMLCanvasElement, colors: Map<string, string>): Palette {
  return {
    of: new Map([...colors].map(([service, color]) => [service, concrete(canvas, color)])),
    bad: concrete(canvas, "var(--color-bad)"),
    text: concrete(canvas, "var(--color-on-series)"),
    ink: concrete(canvas, "var(--color-ink)"),
    font: `11px ${getComputedStyle(canvas).fontFamily}`,
  };
}

/** Scroll just far enough that a lane is in sight. */
function keepInSight(scroller: HTMLElement, top: number, height: number) {
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + LANE > scroller.scrollTop + height) scroller.scrollTop = top + LANE - height;
}

type Pointed = { index: number; x: number; y: number };

/** Which span is pointed at. */
function Card({ state: { tree }, pointed: { index, x, y }, width }: { state: TraceState; pointed: Pointed; width: number }) {
  const span = tree.spans[index]!;
  return (
    <div
      style={{ left: Math.min(x + 12, Math.max(width - 280, 0)), top: y + 16 }}
      className="pointer-events-none absolute z-30 max-w-70 rounded-md border border-line-strong bg-surface px-2.5 py-1.5 text-sm shadow-float"
    >
      <p className={`font-medium break-words ${span.status === "error" ? "text-bad" : ""}`}>{span.name}</p>
      <p className="text-ink-muted tabular">
        {span.service_name} · {formatNs(span.duration_ns)} · at +{formatNs(span.start_offset_ns)}
      </p>
    </div>
  );
}
