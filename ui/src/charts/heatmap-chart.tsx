/** Requests by start and duration: drag over bins, or choose them with the arrow keys. */
import { type KeyboardEvent, memo, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { formatMs } from "@/format/duration";
import { formatCount, plural } from "@/format/number";
import { useTheme } from "@/theme";
import { formatMoment } from "./clock";
import { Frame } from "./frame";
import { type Box, boxOf, type Cell, cellAt, countIn, type Grid, levels, placeOf } from "./heatmap";
import { paintHeatmap } from "./heatmap-paint";
import type { Pointing } from "./pointer";

type HeatmapChartProps = {
  title: string;
  grid: Grid;
  pointing: Pointing;
  box: Box | undefined;
  onBox: (box: Box | undefined) => void;
  nothing: string;
  height?: number;
};

type Range = { from: Cell; to: Cell };

/** "14:02:00 – 14:02:30 · 1.19 s – 1.41 s · 12 requests, 1 failed" */
export function describeBox(grid: Grid, box: Box): string {
  const { count, errors } = countIn(grid, box);
  const stretch = { from: grid.from, to: grid.from + grid.width * grid.columns };
  const moments = [box.from, box.to].map((at) => formatMoment(at, stretch)).join(" – ");
  const failed = errors > 0 ? `, ${formatCount(errors)} failed` : "";
  return `${moments} · ${formatMs(box.min)} – ${formatMs(box.max)} · ${plural(count, "request")}${failed}`;
}

export function HeatmapChart({ title, grid, pointing, box, onBox, nothing, height = 148 }: HeatmapChartProps) {
  const { hovered, drag, handlers } = useDragging(grid, pointing, onBox);
  const keyboard = useArrows(grid, onBox);
  const chosen = drag ?? keyboard.range;
  const shown = chosen ? boxOf(grid, chosen.from, chosen.to) : undefined;
  const pointed = shown ?? (hovered && boxOf(grid, hovered, hovered));
  const empty = grid.bins.counts.length === 0;
  return (
    <Frame
      title={title}
      pointing={{ ...pointing, handlers }}
      height={height}
      note={empty ? nothing : undefined}
      axis={!empty && <Axis grid={grid} />}
      head={pointed ? <span className="truncate text-ink">{describeBox(grid, pointed)}</span> : !empty && <span className="truncate max-sm:hidden">Drag over requests to see what they have in common</span>}
    >
      {(width) => (
        <div
          role="application"
          aria-label={`${title}: arrow keys choose requests, shift and arrow keys more of them, Enter shows what differs, Esc ends it`}
          tabIndex={0}
          onKeyDown={keyboard.onKeyDown}
          onBlur={keyboard.end}
          className="absolute inset-0 focus-visible:outline-offset-[-2px]"
        >
          <Drawn grid={grid} width={width} height={height} />
          {box && <Marked grid={grid} box={box} className="border-accent bg-accent/10" />}
          {shown && <Marked grid={grid} box={shown} className="border-ink bg-ink/10" />}
          <span aria-live="polite" className="sr-only">
            {keyboard.range && shown ? describeBox(grid, shown) : ""}
          </span>
        </div>
      )}
    </Frame>
  );
}

/** What the pointer is over and drags over. */
function useDragging(grid: Grid, pointing: Pointing, onBox: HeatmapChartProps["onBox"]) {
  const [hovered, setHovered] = useState<Cell>();
  const [drag, setDrag] = useState<Range>();
  const at = (event: PointerEvent<HTMLElement>) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - left) / width;
    pointing.cursor.set({ at: pointing.from + Math.min(Math.max(x, 0), 1) * (pointing.to - pointing.from) });
    return cellAt(grid, x, (event.clientY - top) / height);
  };
  const handlers: Pointing["handlers"] = {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const cell = at(event);
      setDrag({ from: cell, to: cell });
    },
    onPointerMove: (event) => {
      const cell = at(event);
      setHovered(cell);
      if (drag) setDrag({ ...drag, to: cell });
    },
    onPointerUp: () => {
      if (!drag) return;
      const box = boxOf(grid, drag.from, drag.to);
      setDrag(undefined);
      onBox(countIn(grid, box).count > 0 ? box : undefined);
    },
    onPointerLeave: () => {
      if (drag) return;
      setHovered(undefined);
      pointing.cursor.set({ at: undefined });
    },
    onPointerCancel: () => setDrag(undefined),
  };
  return { hovered, drag, handlers };
}

const STEPS: Record<string, Cell> = {
  ArrowLeft: { column: -1, row: 0 },
  ArrowRight: { column: 1, row: 0 },
  ArrowUp: { column: 0, row: 1 },
  ArrowDown: { column: 0, row: -1 },
};

/** The same by keys: they begin at the fullest bin. */
function useArrows(grid: Grid, onBox: HeatmapChartProps["onBox"]) {
  const [range, setRange] = useState<Range>();
  const end = () => setRange(undefined);
  const move = ({ column, row }: Cell, extend: boolean) => {
    if (!range) return setRange(fullest(grid));
    const to = {
      column: Math.min(Math.max(range.to.column + column, 0), grid.columns - 1),
      row: Math.min(Math.max(range.to.row + row, grid.low), grid.high - 1),
    };
    setRange({ from: extend ? range.from : to, to });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step) move(step, event.shiftKey);
    else if (event.key === "Enter" && range) onBox(boxOf(grid, range.from, range.to));
    else if (event.key === "Escape") {
      if (!range) onBox(undefined);
      end();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return { range, end, onKeyDown };
}

function fullest({ bins, most }: Grid): Range | undefined {
  const place = bins.counts.indexOf(most);
  const cell = { column: bins.columns[place] ?? 0, row: bins.rows[place] ?? 0 };
  return { from: cell, to: cell };
}

function Marked({ grid, box, className }: { grid: Grid; box: Box; className: string }) {
  const { left, right, top, bottom } = placeOf(grid, box);
  const inset = [top, right, bottom, left].map((share) => `${share * 100}%`).join(" ");
  return <span aria-hidden style={{ inset }} className={`pointer-events-none absolute min-h-[3px] min-w-[3px] rounded-[2px] border ${className}`} />;
}

const Axis = ({ grid }: { grid: Grid }) => (
  <>
    {levels(grid).map(({ share, label }) => (
      <span key={label} style={{ bottom: `${share * 100}%` }} className="absolute right-2 translate-y-1/2">
        {label}
      </span>
    ))}
  </>
);

const Drawn = memo(function Drawn({ grid, width, height }: { grid: Grid; width: number; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  useEffect(() => {
    if (canvas.current && width > 0) paintHeatmap(canvas.current, grid, width, height);
  }, [grid, width, height, dark]); // dark: the colours come to something else
  const lines = useMemo(() => levels(grid), [grid]);
  return (
    <>
      {lines.map(({ share, label }) => (
        <span key={label} aria-hidden style={{ bottom: `${share * 100}%` }} className="absolute inset-x-0 h-px bg-line" />
      ))}
      <canvas ref={canvas} aria-hidden data-testid="heatmap" style={{ width, height }} className="absolute inset-0" />
    </>
  );
});
