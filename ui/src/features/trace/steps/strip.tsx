/** The engine steps of a request on the time axis: see one by pointing at it or with the arrow keys, open it with a click or Enter. */
import { Popover, Tooltip } from "radix-ui";
import { type KeyboardEvent, memo, type MouseEvent, type PointerEvent, type Ref, useEffect, useId, useMemo, useRef, useState } from "react";
import type { TraceSteps } from "@/api/steps";
import { clamp, lengthOf, toFraction, type Window } from "@/charts/scale";
import { formatMs } from "@/format/duration";
import { plural } from "@/format/number";
import { useTheme } from "@/theme";
import { PopoverPanel } from "@/widgets/picker";
import { Guides } from "../row";
import { StepCard } from "./card";
import { cellsIn, stepAt, waitsOf } from "./cells";
import { paint } from "./paint";
import type { Strip } from "./strips";
import { SummaryLine } from "./summary";

export const STRIP = 64;
const LANE = 48;
/** Pixels beside a cell that still mean it. */
const REACH_PX = 4;

export type StripRowProps = {
  strip: Strip;
  data: TraceSteps;
  top: number;
  /** Levels that the summary is moved in, and the pixels of one. */
  depth: number;
  indent: number;
  color: string;
  window: Window;
  total: number;
  /** Pixels of the axis. */
  width: number;
  onWindow: (window: Window) => void;
  onSpan: (spanId: string) => void;
  /** The words over the lane instead of beside it, and what they begin with. */
  stacked?: boolean;
  title?: { text: string; onClick: () => void };
};

export const StripRow = memo(function StripRow(props: StripRowProps) {
  const { strip, data, top, depth, indent, stacked, title } = props;
  const id = useId();
  if (stacked) {
    return (
      <div data-testid="steps" className="flex h-full flex-col">
        <div className="flex h-5 shrink-0 items-end gap-2 overflow-hidden px-4 whitespace-nowrap">
          {title && (
            <button type="button" onClick={title.onClick} title={title.text} className="max-w-[40%] shrink-0 truncate rounded text-xs leading-[15px] text-accent hover:underline">
              {title.text}
            </button>
          )}
          <SummaryLine id={id} summary={strip.summary} cut={data.cut} />
        </div>
        <div className="relative h-16 overflow-hidden">
          <Lane {...props} describedBy={id} />
        </div>
      </div>
    );
  }
  return (
    <div style={{ height: STRIP, transform: `translateY(${top}px)` }} className="absolute inset-x-0 top-0 flex" data-testid="steps">
      <div className="flex w-(--names) shrink-0 items-center overflow-hidden pr-3 pl-2">
        <Guides depth={depth} indent={indent} />
        <span className="w-4 shrink-0" />
        <SummaryLine id={id} summary={strip.summary} cut={data.cut} />
      </div>
      <div className="relative min-w-0 flex-1 overflow-hidden">
        <div className="absolute inset-y-0 right-3 left-0">
          <Lane {...props} describedBy={id} />
        </div>
      </div>
    </div>
  );
});

function Lane({ strip, data, color, window, total, width, onWindow, onSpan, describedBy }: StripRowProps & { describedBy: string }) {
  const slider = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const [pointed, setPointed] = useState(false);
  const [open, setOpen] = useState(false);
  const last = strip.steps.length - 1;
  const step = strip.steps[Math.max(at, 0)]!;
  const stepUnder = (event: { clientX: number }) => {
    const x = event.clientX - slider.current!.getBoundingClientRect().left;
    const nsPerPixel = lengthOf(window) / width;
    return stepAt(strip, window.start + x * nsPerPixel, REACH_PX * nsPerPixel);
  };
  const goTo = (next: number) => {
    const place = Math.min(Math.max(next, 0), last);
    setAt(place);
    setPointed(true);
    onWindow(showing(window, strip.start[place]!, strip.end[place]!, total));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last };
    const to = moves[event.key];
    if (to !== undefined) goTo(to);
    else if (event.key === "Enter" || event.key === " ") setOpen(at >= 0);
    else if (event.key === "Escape" && pointed) setPointed(false);
    else return;
    event.preventDefault();
  };
  const onPointerMove = (event: PointerEvent) => {
    if (open || event.buttons !== 0) return;
    const found = stepUnder(event);
    if (found >= 0) setAt(found);
    setPointed(found >= 0);
  };
  const onClick = (event: MouseEvent) => {
    const found = stepUnder(event);
    if (found < 0) return;
    setAt(found);
    setOpen(true);
  };
  const card = { step, request: strip.request, data, preempted: strip.preempted[Math.max(at, 0)] === 1, color };
  return (
    <>
      <div
        ref={slider}
        role="slider"
        tabIndex={0}
        aria-label="Engine steps"
        aria-describedby={describedBy}
        aria-haspopup="dialog"
        aria-valuemin={1}
        aria-valuemax={strip.steps.length}
        aria-valuenow={Math.max(at, 0) + 1}
        aria-valuetext={`Step ${step.number}, ${formatMs(step.duration_ms)}, batch of ${plural(step.batch_size, "request")}`}
        onFocus={() => slider.current?.matches(":focus-visible") && goTo(Math.max(at, 0))}
        onBlur={() => setPointed(false)}
        onKeyDown={onKeyDown}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setPointed(false)}
        onClick={onClick}
        className="absolute inset-0 rounded outline-offset-[-2px]"
      >
        <Cells strip={strip} window={window} width={width} color={color} />
      </div>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Tooltip.Root open={pointed && !open && at >= 0} onOpenChange={setPointed} disableHoverableContent>
          <Tooltip.Trigger asChild>
            <Popover.Anchor asChild>
              <Frame strip={strip} at={at} shown={at >= 0 && (pointed || open)} window={window} width={width} />
            </Popover.Anchor>
          </Tooltip.Trigger>
          <Tooltip.Portal>
            <Tooltip.Content
              side="bottom"
              sideOffset={6}
              collisionPadding={8}
              updatePositionStrategy="always"
              aria-label={`Step ${step.number}`}
              className="pointer-events-none z-50 w-72 rounded-lg border border-line-strong bg-surface text-ink shadow-float"
            >
              <StepCard {...card} />
            </Tooltip.Content>
          </Tooltip.Portal>
        </Tooltip.Root>
        <PopoverPanel
          aria-label={`Step ${step.number}`}
          align="center"
          className="w-80!"
          onOpenAutoFocus={focusFirst}
          onEscapeKeyDown={() => slider.current?.focus()}
          onPointerDown={(event) => event.stopPropagation()} // React takes it to the chart, which would pan
        >
          <StepCard {...card} onOwn={onSpan} />
        </PopoverPanel>
      </Popover.Root>
    </>
  );
}

/** Go to the first mate: left alone, links would be passed over. */
function focusFirst(event: Event) {
  const first = event.currentTarget instanceof Element && event.currentTarget.querySelector<HTMLElement>("a, button");
  if (!first) return;
  event.preventDefault();
  first.focus();
}

/** Move the window just far enough that a step lies in it. */
function showing(window: Window, start: number, end: number, total: number): Window {
  if (start >= window.start && end <= window.end) return window;
  const from = start < window.start ? start : Math.min(start, end - lengthOf(window));
  return clamp({ start: from, end: from + lengthOf(window) }, total);
}

type FrameProps = { ref?: Ref<HTMLSpanElement>; strip: Strip; at: number; shown: boolean; window: Window; width: number };

/** A frame around the step that is pointed at; what opens, opens beside it. */
function Frame({ strip, at, shown, window, width, ...rest }: FrameProps) {
  const left = at < 0 ? 0 : toFraction(window, strip.start[at]!) * width;
  const right = at < 0 ? 0 : toFraction(window, strip.end[at]!) * width;
  const from = Math.min(Math.max(left, -2), width);
  return (
    <span
      aria-hidden
      {...rest}
      style={{ left: from - 1, width: Math.max(Math.min(right, width + 2) - from, 1) + 2, visibility: shown ? undefined : "hidden" }}
      className="pointer-events-none absolute inset-y-1.5 rounded-[2px] border border-ink bg-ink/8"
    />
  );
}

type CellsProps = { strip: Strip; window: Window; width: number; color: string };

function Cells({ strip, window, width, color }: CellsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  const waits = useMemo(() => waitsOf(strip), [strip]);
  useEffect(() => {
    if (!canvas.current || width <= 0) return;
    const x = (ns: number) => Math.min(Math.max(toFraction(window, ns), 0), 1) * width;
    const cells = cellsIn(strip, window, width);
    const pauses = waits.map(([from, to]): [number, number] => [x(from), x(to)]);
    paint(canvas.current, { cells, waits: pauses, most: strip.summary.most, color, width, height: LANE });
  }, [strip, waits, window, width, color, dark]); // dark: the colours come to something else
  return <canvas ref={canvas} aria-hidden style={{ width, height: LANE }} className="absolute top-2 left-0" />;
}
