/** The engine steps below the flame chart, on its axis: a lane a request, named by its span. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useRef } from "react";
import type { Window } from "@/charts/scale";
import { useWheel } from "../gestures";
import type { TraceState } from "../state";
import type { Strips } from "./index";
import { STRIP, StripRow } from "./strip";
import type { Strip } from "./strips";
import { Unread } from "./unread";

/** The line of words over a lane. */
const WORDS = 20;

type StepLanesProps = {
  steps: Strips;
  state: TraceState;
  colors: Map<string, string>;
  /** Pixels of the axis. */
  width: number;
  onWindow: (window: Window) => void;
};

export function StepLanes({ steps: { strips, data, missing }, state, colors, width, onWindow }: StepLanesProps) {
  const { tree, window, select } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const lane = useRef<HTMLDivElement>(null);
  const shown = data !== undefined && strips.length > 0;
  useWheel(scroller, { lane, window, total: tree.totalNs, onWindow });
  const virtual = useVirtualizer({ count: shown ? strips.length : 0, getScrollElement: () => scroller.current, estimateSize: () => STRIP + WORDS, overscan: 2 });
  const onSpan = useCallback((spanId: string) => select(tree.indexOf.get(spanId) ?? -1), [select, tree]);
  return (
    <section ref={scroller} aria-label="Engine steps of the requests" hidden={!shown && !missing} className="max-h-[30%] shrink-0 overflow-x-hidden overflow-y-scroll border-t border-line-strong bg-surface">
      <div ref={lane} className="relative mr-3" style={{ height: missing ? STRIP : virtual.getTotalSize() }}>
        {missing && <Unread missing={missing} top={0} depth={0} indent={0} />}
        {shown &&
          virtual.getVirtualItems().map(({ index, start }) => {
            const strip = strips[index]!;
            return (
              <div key={strip.request} className="absolute inset-x-0 top-0" style={{ height: STRIP + WORDS, transform: `translateY(${start}px)` }}>
                <StripRow
                  stacked
                  title={titleOf(state, strip)}
                  strip={strip}
                  data={data}
                  top={0}
                  depth={0}
                  indent={0}
                  color={colors.get(tree.spans[strip.anchor]!.service_name)!}
                  window={window}
                  total={tree.totalNs}
                  width={width}
                  onWindow={onWindow}
                  onSpan={onSpan}
                />
              </div>
            );
          })}
      </div>
    </section>
  );
}

/** The span of the request that a strip lies below, as words that lead to it. */
function titleOf({ tree, select }: TraceState, { anchor }: Strip) {
  const index = tree.parent[anchor]! >= 0 ? tree.parent[anchor]! : anchor;
  return { text: tree.spans[index]!.name, onClick: () => select(index) };
}
