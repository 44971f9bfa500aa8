/** The Gantt chart: minimap and ruler on top, a row a span below, all on one axis. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useCallback, useEffect, useMemo, useRef } from "react";
import { Minimap } from "@/charts/minimap";
import { Gridlines, Ruler } from "@/charts/ruler";
import { ticks as ticksOf, type Window } from "@/charts/scale";
import { useWidth } from "@/charts/width";
import { useKept } from "@/widgets/kept";
import { Splitter } from "@/widgets/splitter";
import type { CriticalPath, Stretch } from "./critical-path";
import { usePan, useWheel } from "./gestures";
import { isCollapsed } from "./folding";
import { GpuCounters } from "./gpus";
import { Legend } from "./legend";
import { minimapBars } from "./minimap-bars";
import { Row, ROW, rowId } from "./row";
import type { TraceState } from "./state";
import { STRIP, StripRow, Unread, useStrips, withStrips } from "./steps";
import { hasChildren } from "./tree";

const MAP = 56;
const RULER = 28;
const HEAD = MAP + RULER + 1;
const INDENT = 16;
const NOT_ON_IT: Stretch[] = [];

type TimelineProps = { traceId: string; /** Of the trace, Unix ms. */ startMs: number; state: TraceState; /** Highlighted when it is given. */ path: CriticalPath | undefined; colors: Map<string, string> };

export function Timeline({ traceId, startMs, state, path, colors }: TimelineProps) {
  const { tree, window, selected, set, select } = state;
  const { strips, data, missing } = useStrips(traceId, tree);
  const rows = useMemo(() => withStrips(state.rows, missing ? [missing] : strips), [state.rows, strips, missing]);
  const scroller = useRef<HTMLDivElement>(null);
  const lane = useRef<HTMLDivElement>(null);
  const wide = useWidth(scroller);
  const laneWidth = useWidth(lane);
  const [kept, keep] = useKept("names", 0);
  const most = Math.max(wide * 0.65, 160);
  const names = Math.min(kept || Math.min(Math.max(innerWidth * 0.3, innerWidth < 640 ? 170 : 260), 420), most);
  const onWindow = useCallback((next: Window) => set({ window: next }), [set]);
  const onSpan = useCallback((spanId: string) => select(tree.indexOf.get(spanId) ?? -1), [select, tree]);
  const axis = { lane, window, total: tree.totalNs, onWindow };
  useWheel(scroller, axis);
  const panning = usePan(axis);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (row) => (rows[row]! < 0 ? STRIP : ROW),
    getItemKey: useCallback((row: number) => rows[row]!, [rows]), // a new one has the rows measured anew
    overscan: 8,
    scrollPaddingStart: ROW,
    scrollPaddingEnd: HEAD + ROW, // the sticky head moves every row down
  });
  const place = useMemo(() => (selected < 0 ? -1 : rows.indexOf(selected)), [rows, selected]);
  useEffect(() => {
    if (place >= 0) virtual.scrollToIndex(place, { align: "auto" });
  }, [place, virtual]);
  const drawn = virtual.getVirtualItems();
  const bars = useMemo(() => minimapBars(tree, colors), [tree, colors]);
  const ticks = useMemo(() => ticksOf(window, laneWidth), [window, laneWidth]);
  const indent = Math.min(INDENT, (names * 0.5) / Math.max(tree.deepest, 1));
  return (
    <div className="relative flex min-h-0 min-w-0 flex-1 flex-col" style={{ "--names": `${names}px` } as CSSProperties}>
      <div ref={scroller} data-testid="timeline" className="min-h-0 flex-1 overflow-x-hidden overflow-y-scroll bg-surface" {...panning}>
        <div className="sticky top-0 z-20 border-b border-line bg-surface">
          <div className="flex">
            <Legend services={colors} spans={tree.spans} steps={strips.length > 0} height={MAP} />
            <div className="min-w-0 flex-1 border-b border-line pr-3">
              <Minimap bars={bars} total={tree.totalNs} window={window} onWindow={onWindow} height={MAP} />
            </div>
          </div>
          <div className="flex" style={{ height: RULER }}>
            <div className="@container flex w-(--names) shrink-0 items-center justify-between border-t border-line pr-3 pl-4 text-xs text-ink-muted">
              <span>Span</span>
              <span className="@max-[230px]:hidden">Duration</span>
            </div>
            <div ref={lane} className="mr-3 min-w-0 flex-1">
              <Ruler ticks={ticks} />
            </div>
          </div>
        </div>
        <div className="relative" style={{ height: virtual.getTotalSize() + ROW, minHeight: `calc(100% - ${HEAD}px)` }}>
          <div className="absolute inset-y-0 right-3 left-(--names)">
            <Gridlines ticks={ticks} />
          </div>
          <div
            role="tree"
            aria-label="Spans"
            tabIndex={0}
            aria-activedescendant={place >= 0 ? rowId(selected) : undefined}
            className="absolute inset-0 focus-visible:outline-none"
          >
            {drawn.map(({ index: row, start }) => {
              const index = rows[row]!;
              if (index < 0) return null;
              const span = tree.spans[index]!;
              const parent = tree.spans[tree.parent[index]!];
              return (
                <Row
                  key={span.span_id}
                  span={span}
                  index={index}
                  top={start}
                  indent={indent}
                  below={hasChildren(tree, index) ? tree.end[index]! - index - 1 : 0}
                  collapsed={isCollapsed(state.folding, tree, index)}
                  selected={index === selected}
                  match={state.matches?.isMatch[index] === 1}
                  dimmed={index !== selected && state.matches !== undefined && state.matches.isMatch[index] !== 1}
                  critical={path && (path.of.get(index) ?? NOT_ON_IT)}
                  quiet={parent?.service_name === span.service_name}
                  color={colors.get(span.service_name)!}
                  window={window}
                  width={laneWidth}
                  onSelect={select}
                  onToggle={state.toggle}
                  onZoom={state.zoomTo}
                />
              );
            })}
            {rows.length === 0 && <p className="px-4 py-6 text-center text-ink-muted">No span matches.</p>}
          </div>
          {drawn.map(({ index: row, start }) => {
            if (missing && rows[row]! < 0) {
              return <Unread key="unread" missing={missing} top={start} depth={tree.spans[missing.anchor]!.depth} indent={indent} />;
            }
            const strip = strips[~rows[row]!];
            const anchor = strip && tree.spans[strip.anchor]!;
            return (
              anchor && (
                <StripRow
                  key={strip.request}
                  strip={strip}
                  data={data!}
                  top={start}
                  depth={anchor.depth}
                  indent={indent}
                  color={colors.get(anchor.service_name)!}
                  window={window}
                  total={tree.totalNs}
                  width={laneWidth}
                  onWindow={onWindow}
                  onSpan={onSpan}
                />
              )
            );
          })}
        </div>
      </div>
      <GpuCounters
        traceId={traceId}
        tree={tree}
        startMs={startMs}
        window={window}
        width={laneWidth}
        counter={state.counter}
        onCounter={(counter) => set({ counter })}
      />
      <Splitter
        label="Width of the names"
        value={names}
        min={160}
        max={most}
        onResize={keep}
        className="absolute inset-y-0 left-(--names) z-20 -translate-x-1/2"
      />
    </div>
  );
}
