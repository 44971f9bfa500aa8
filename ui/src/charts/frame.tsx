/** What every chart over time has: its head, its axis at the left, the cursor and the stretch being chosen. */
import { type ReactNode, type RefObject, useRef } from "react";
import { clockTicks, formatMoment, type Stretch } from "./clock";
import { Gridlines, Ruler } from "./ruler";
import { type Pointing, usePointed } from "./pointer";
import { useWidth } from "./width";

type FrameProps = {
  title: string;
  /** Right after the title. */
  action?: ReactNode;
  /** Beside the title: what the chart says at the cursor. */
  head?: ReactNode;
  pointing: Pointing;
  height: number;
  /** Left of the plot. */
  axis?: ReactNode;
  /** Said in place of the chart when there is nothing to draw. */
  note?: string;
  /** Nothing is known before this moment, Unix ms. */
  knownFrom?: number;
  children: (width: number) => ReactNode;
};

/** Narrower on a phone, where a long label reaches into the margin of the page. */
export const GUTTER = "w-17 max-sm:w-14 shrink-0";

const share = (at: number, { from, to }: Stretch) => `${Math.min(Math.max((at - from) / (to - from), 0), 1) * 100}%`;

export function Frame({ title, action, head, pointing, height, axis, note, knownFrom, children }: FrameProps) {
  const plot = useRef<HTMLDivElement>(null);
  const width = useWidth(plot);
  return (
    <figure className="min-w-0">
      <figcaption className="flex h-7 items-center gap-3 overflow-hidden text-sm">
        <span className="flex shrink-0 items-center gap-1 font-medium">
          {title}
          {action}
        </span>
        <span className="ml-auto flex min-w-0 items-center gap-4 overflow-hidden whitespace-nowrap text-ink-muted tabular">{head}</span>
      </figcaption>
      <div className="flex">
        <div aria-hidden style={{ height }} className={`${GUTTER} relative text-right text-xs whitespace-nowrap text-ink-faint tabular`}>
          {axis}
        </div>
        <Plot plot={plot} pointing={pointing} height={height} width={width} knownFrom={knownFrom}>
          {note ? (
            <p className="relative grid h-full place-items-center text-sm text-ink-faint">
              <span className="bg-surface px-2">{note}</span>
            </p>
          ) : children(width)}
        </Plot>
      </div>
    </figure>
  );
}

type PlotProps = Pick<FrameProps, "pointing" | "height" | "knownFrom"> & { plot: RefObject<HTMLDivElement | null>; width: number; children: ReactNode };

function Plot({ plot, pointing, height, width, knownFrom, children }: PlotProps) {
  const { mark, handlers } = pointing;
  return (
    <div
      ref={plot}
      data-testid="plot"
      style={{ height }}
      className="relative box-content min-w-0 flex-1 cursor-crosshair touch-pan-y overflow-hidden border-y border-line bg-surface select-none"
      {...handlers}
    >
      <Gridlines ticks={clockTicks(pointing, width)} />
      {knownFrom !== undefined && <span aria-hidden style={{ width: share(knownFrom, pointing) }} className="absolute inset-y-0 left-0 striped bg-raised" />}
      {children}
      {mark && <span aria-hidden style={{ left: share(mark.from, pointing), right: `calc(100% - ${share(mark.to, pointing)})` }} className="absolute inset-y-0 min-w-0.5 border-x border-accent bg-accent/20" />}
      <Here pointing={pointing} />
    </div>
  );
}

/** The cursor, and what is being chosen with it. */
function Here({ pointing }: { pointing: Pointing }) {
  const { at, chosen } = usePointed(pointing);
  return (
    <>
      {chosen && <span aria-hidden style={{ left: share(chosen.from, pointing), right: `calc(100% - ${share(chosen.to, pointing)})` }} className="absolute inset-y-0 border-x border-accent bg-accent/15" />}
      {at !== undefined && <span aria-hidden data-testid="cursor" style={{ left: share(at, pointing) }} className="pointer-events-none absolute inset-y-0 w-px bg-ink-muted" />}
    </>
  );
}

/** The clock over the charts, with the moment of the cursor. */
export function ClockRuler({ pointing }: { pointing: Pointing }) {
  const lane = useRef<HTMLDivElement>(null);
  const width = useWidth(lane);
  return (
    <div className="flex h-6">
      <div className={GUTTER} />
      <div ref={lane} className="relative min-w-0 flex-1">
        <Ruler ticks={clockTicks(pointing, width)} />
        <Moment pointing={pointing} />
      </div>
    </div>
  );
}

function Moment({ pointing }: { pointing: Pointing }) {
  const { at } = usePointed(pointing);
  if (at === undefined) return null;
  return (
    <span
      style={{ left: `clamp(0px, calc(${share(at, pointing)} - 48px), calc(100% - 96px))` }}
      className="absolute inset-y-0.5 w-24 rounded bg-ink text-center text-xs leading-5 text-canvas tabular"
    >
      {formatMoment(at, pointing)}
    </span>
  );
}
