/** One trace: its figures, its spans in time, and the selected span in full. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import { traceQuery } from "@/api/queries";
import { ProblemError } from "@/api/problem";
import type { TraceDetail } from "@/api/types";
import { pan, zoomAt } from "@/charts/scale";
import { formatMs } from "@/format/duration";
import { toMs } from "@/format/time";
import { useKeys } from "@/keys";
import { useTitle } from "@/title";
import { buttonClasses } from "@/widgets/button";
import { useKept } from "@/widgets/kept";
import { ProblemNotice } from "@/widgets/problem-notice";
import { Splitter } from "@/widgets/splitter";
import { rememberedSearch } from "../traces/recall";
import { serviceColors } from "./colors";
import { criticalPath } from "./critical-path";
import { Explain } from "./explain";
import { Flame } from "./flame";
import { Header } from "./header";
import { useNeighbours } from "./neighbours";
import { SpanPanel } from "./panel";
import { TraceSkeleton } from "./skeleton";
import { addressOf, type TraceState, useTraceState } from "./state";
import { Timeline } from "./timeline";
import { Toolbar } from "./toolbar";
import type { TraceView } from "./view";

const route = getRouteApi("/traces/$traceId");

export function TracePage() {
  const { traceId } = route.useParams();
  const view = route.useSearch();
  const trace = useQuery(traceQuery(traceId));
  useTitle(trace.data ? `${trace.data.name} ${formatMs(trace.data.duration_ms)}` : `Trace ${traceId.slice(0, 8)}`);
  if (trace.data) return <OpenTrace key={traceId} trace={trace.data} view={view} />;
  if (trace.isPending) return <TraceSkeleton />;
  const missing = trace.error instanceof ProblemError && trace.error.status === 404;
  return (
    <main>
      <ProblemNotice error={missing ? absent(trace.error) : trace.error} onRetry={() => void trace.refetch()}>
        <Link to="/traces" search={rememberedSearch()} className={buttonClasses("plain")}>
          Back to the traces
        </Link>
      </ProblemNotice>
    </main>
  );
}

/** What a 404 means here. */
const absent = ({ message }: Error) =>
  new ProblemError(404, "This trace is not here", `${message.replace(/^./, (first) => first.toUpperCase()).replace(/\.?$/, ".")} It may not have arrived yet, or be past its retention.`);

/** The errors, from the first on. */
const showErrors = (state: TraceState) => {
  const first = state.tree.spans.findIndex((span) => span.status === "error");
  state.set({ errors: true });
  if (first >= 0) state.select(first);
};

function useTraceKeys(state: TraceState, focusSearch: () => void, others: ReturnType<typeof useNeighbours>) {
  const { window, tree, set, selected, why, flame } = state;
  const zoom = (factor: number) => set({ window: zoomAt(window, 0.5, factor, tree.totalNs) });
  const shift = (fraction: number) => set({ window: pan(window, fraction, tree.totalNs) });
  useKeys({
    ArrowDown: () => state.moveRow(1),
    ArrowUp: () => state.moveRow(-1),
    j: () => state.moveRow(1),
    k: () => state.moveRow(-1),
    ArrowRight: state.moveIn,
    ArrowLeft: state.moveOut,
    c: () => set({ why: why === "path" ? undefined : "path" }),
    w: () => set({ why: why === "parts" ? undefined : "parts" }),
    v: () => set({ flame: !flame }),
    Escape: () => state.select(-1),
    f: () => state.zoomTo(selected),
    "0": state.showAll,
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    a: () => shift(-0.25),
    d: () => shift(0.25),
    n: () => state.toMatch(1),
    p: () => state.toMatch(-1),
    "[": others.toPrevious,
    "]": others.toNext,
    "/": focusSearch,
  });
}

function OpenTrace({ trace, view }: { trace: TraceDetail; view: TraceView }) {
  const state = useTraceState(trace, view);
  const searchBox = useRef<HTMLInputElement>(null);
  const chart = useRef<HTMLDivElement>(null);
  const others = useNeighbours(trace.trace_id);
  const colors = useMemo(() => serviceColors(trace.services), [trace]);
  const [width, keepWidth] = useKept("panel", 400);
  const path = useMemo(() => (state.why === "path" ? criticalPath(state.tree) : undefined), [state.why, state.tree]);
  useTraceKeys(state, () => searchBox.current?.focus(), others);
  const span = state.tree.spans[state.selected];
  useEffect(() => {
    if (state.selected >= 0) chart.current?.scrollIntoView({ block: "nearest" });
  }, [state.selected]);
  return (
    // Where what is above leaves the chart no room, as on a phone, the page scrolls to one that is whole.
    <main className="flex h-full min-h-0 flex-col overflow-y-auto">
      <Header trace={trace} link={() => addressOf(state)} neighbours={others} onErrors={() => showErrors(state)} />
      <Explain traceId={trace.trace_id} state={state} path={path} colors={colors} />
      <Toolbar state={state} searchBox={searchBox} />
      <div ref={chart} className="relative flex min-h-48 flex-1 max-sm:min-h-[min(70vh,26rem)]">
        <div className="flex min-w-0 flex-1">
          {state.flame ? (
            <Flame traceId={trace.trace_id} startMs={toMs(trace.start_time)} state={state} path={path} colors={colors} />
          ) : (
            <Timeline traceId={trace.trace_id} startMs={toMs(trace.start_time)} state={state} path={path} colors={colors} />
          )}
        </div>
        {span && (
          <aside
            aria-label="Selected span"
            style={{ width }}
            className="relative flex max-w-[min(100%,60vw)] shrink-0 max-sm:w-full! max-sm:max-w-none border-l border-line bg-surface max-lg:absolute max-lg:inset-y-0 max-lg:right-0 max-lg:z-30 max-lg:shadow-float"
          >
            <Splitter label="Width of the span panel" value={width} min={300} max={900} flipped onResize={keepWidth} className="absolute inset-y-0 left-0 z-20 -translate-x-1/2 max-sm:hidden" />
            <SpanPanel key={span.span_id} trace={trace} state={state} color={colors.get(span.service_name)!} />
          </aside>
        )}
      </div>
    </main>
  );
}
