/** The whole axis in little: drag to choose a window, drag the window or its edges to move it. */
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useTheme } from "@/theme";
import { concrete, fresh } from "./canvas";
import { clamp, isWhole, lengthOf, type Window } from "./scale";
import { useWidth } from "./width";

export type MinimapBar = { start: number; length: number; color: string; strong: boolean };

type MinimapProps = {
  bars: MinimapBar[];
  total: number;
  window: Window;
  onWindow: (window: Window) => void;
  height: number;
};

type Grip = "new" | "move" | "start" | "end";
type Drag = { grip: Grip; from: number; window: Window };

const EDGE_PX = 5;

export function Minimap({ bars, total, window, onWindow, height }: MinimapProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [drag, setDrag] = useState<Drag>();
  const at = (event: PointerEvent) => {
    const { left } = box.current!.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - left) / width, 0), 1) * total;
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0 || width === 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDrag({ grip: gripAt(at(event), window, total, (EDGE_PX / width) * total), from: at(event), window });
  };
  const onPointerMove = (event: PointerEvent) => {
    if (drag && Math.abs(at(event) - drag.from) > total / width) onWindow(clamp(dragged(drag, at(event)), total));
  };
  const share = (ns: number) => `${(ns / total) * 100}%`;
  return (
    <div
      ref={box}
      style={{ height }}
      title="Drag to zoom, double-click for the whole trace"
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => setDrag(undefined)}
      onDoubleClick={() => onWindow({ start: 0, end: total })}
      className="relative cursor-crosshair touch-none overflow-hidden"
    >
      <MinimapBars bars={bars} total={total} width={width} height={height} />
      {!isWhole(window, total) && (
        <>
          <span style={{ width: share(window.start) }} className="absolute inset-y-0 left-0 bg-canvas/75" />
          <span style={{ left: share(window.end) }} className="absolute inset-y-0 right-0 bg-canvas/75" />
          <span
            style={{ left: share(window.start), width: share(lengthOf(window)) }}
            className="absolute inset-y-0 min-w-0.5 cursor-grab border-x-2 border-accent bg-accent/8"
          />
        </>
      )}
    </div>
  );
}

function gripAt(ns: number, window: Window, total: number, edge: number): Grip {
  if (isWhole(window, total)) return "new";
  if (Math.abs(ns - window.start) <= edge) return "start";
  if (Math.abs(ns - window.end) <= edge) return "end";
  return ns > window.start && ns < window.end ? "move" : "new";
}

function dragged({ grip, from, window }: Drag, to: number): Window {
  const by = to - from;
  if (grip === "move") return { start: window.start + by, end: window.end + by };
  const fixed = grip === "new" ? from : grip === "start" ? window.end : window.start;
  return { start: Math.min(fixed, to), end: Math.max(fixed, to) };
}

function MinimapBars({ bars, total, width, height }: Pick<MinimapProps, "bars" | "total" | "height"> & { width: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, bars, total, width, height);
  }, [bars, total, width, height, dark]); // dark: the colours come to something else
  return <canvas ref={canvas} aria-hidden style={{ width, height }} className="absolute inset-0" />;
}

/** Draw one line a span, squeezed to the height; what is strong comes last and never thinner than 2 px. */
function draw(canvas: HTMLCanvasElement, bars: MinimapBar[], total: number, width: number, height: number) {
  const context = fresh(canvas, width, height);
  if (!context) return;
  const colors = new Map<string, string>();
  const lane = Math.min(8, (height - 8) / bars.length);
  const paint = (strong: boolean) => {
    const thin = strong ? 3 : 1;
    const high = Math.max(lane - (lane > 4 ? 3 : 0.75), thin);
    let [row, from, to] = [-1, 0, 0]; // what was drawn last: of 100,000 spans most lie on the pixels of the one before
    bars.forEach((bar, index) => {
      if (bar.strong !== strong) return;
      const [left, top] = [(bar.start / total) * width, 4 + index * lane];
      const right = left + Math.max((bar.length / total) * width, thin);
      if (Math.floor(top) === row && left >= from && right <= to + 0.5) return;
      if (!colors.has(bar.color)) colors.set(bar.color, concrete(canvas, bar.color));
      context.fillStyle = colors.get(bar.color)!;
      context.fillRect(left, top, right - left, high);
      [row, from, to] = [Math.floor(top), left, right];
    });
  };
  paint(false);
  paint(true);
}
