/** When the clocks were held back, a lane for each reason that was given. */
import { memo, useEffect, useMemo, useRef } from "react";
import type { GpuPoint } from "@/api/types";
import { concrete, fresh } from "@/charts/canvas";
import type { Stretch } from "@/charts/clock";
import { Frame } from "@/charts/frame";
import { type Pointing, usePointed } from "@/charts/pointer";
import { gapOf, placeAt } from "@/charts/series";
import { useTheme } from "@/theme";
import { timesOf } from "./charts";
import { hasBit, type Reason, reasonsIn } from "./throttle";

const LANE = 18;
const COLORS = { bad: "var(--color-bad)", warn: "var(--color-warn)", calm: "var(--color-series-9)" };

type Times = ReturnType<typeof timesOf>;
type ThrottleProps = { points: GpuPoint[]; widthMs: number; pointing: Pointing; nothing: string };

export function Throttle({ points, widthMs, pointing, nothing }: ThrottleProps) {
  const times = useMemo(() => joined(timesOf(points, widthMs)), [points, widthMs]);
  const reasons = useMemo(() => reasonsSeen(points), [points]);
  const { from, to } = pointing;
  const stretch = useMemo(() => ({ from, to }), [from, to]);
  const measured = points.some(({ throttle_reasons: bits }) => bits !== null);
  return (
    <Frame
      title="Throttling"
      pointing={pointing}
      height={Math.max(reasons.length, 1) * LANE + 6}
      note={measured ? (reasons.length > 0 ? undefined : "Not throttled in this range") : nothing}
      head={reasons.length > 0 && <Now points={points} times={times} pointing={pointing} />}
    >
      {(width) => (
        <div role="img" aria-label={`Throttling: ${reasons.map(({ name }) => name).join(", ")}`} className="absolute inset-0">
          <Lanes points={points} times={times} reasons={reasons} stretch={stretch} width={width} />
          {reasons.map(({ name }, lane) => (
            <span key={name} style={{ top: 3 + lane * LANE }} className="absolute left-1.5 rounded bg-surface/85 px-1 text-xs leading-[17px] text-ink-muted">
              {name}
            </span>
          ))}
        </div>
      )}
    </Frame>
  );
}

/** The reasons under the cursor, or the newest without one. */
function Now({ points, times, pointing }: { points: GpuPoint[]; times: Times; pointing: Pointing }) {
  const { at } = usePointed(pointing);
  const place = at === undefined ? points.length - 1 : placeAt({ ...times, lines: [], shape: "bars" }, at, (pointing.to - pointing.from) / 100);
  const bits = points[place]?.throttle_reasons;
  const names = typeof bits === "number" ? reasonsIn(bits).map(({ name }) => name) : [];
  return <span className="truncate text-ink">{names.join(", ") || "None"}</span>;
}

/** A sample stands for the time until the next one, unless that is far off. */
function joined({ starts, ends }: Times): Times {
  const gap = gapOf({ starts });
  return { starts, ends: ends.map((end, place) => (starts[place + 1]! - starts[place]! <= gap ? starts[place + 1]! : end)) };
}

const reasonsSeen = (points: GpuPoint[]): Reason[] =>
  reasonsIn(0b1_1111_1111).filter(({ bit }) => points.some(({ throttle_reasons: bits }) => hasBit(bits ?? 0, bit)));

type LanesProps = { points: GpuPoint[]; times: Times; reasons: Reason[]; stretch: Stretch; width: number };

const Lanes = memo(function Lanes({ points, times, reasons, stretch, width }: LanesProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  const height = reasons.length * LANE + 6;
  useEffect(() => {
    if (canvas.current && width > 0) paint(canvas.current, { points, times, reasons, stretch, width }, height);
  }, [points, times, reasons, stretch, width, height, dark]); // dark: the colours come to something else
  return <canvas ref={canvas} aria-hidden style={{ width, height }} className="absolute inset-0" />;
});

function paint(canvas: HTMLCanvasElement, { points, times, reasons, stretch, width }: LanesProps, height: number) {
  const context = fresh(canvas, width, height);
  if (!context) return;
  const x = (at: number) => ((at - stretch.from) / (stretch.to - stretch.from)) * width;
  reasons.forEach(({ bit, weight }, lane) => {
    context.fillStyle = concrete(canvas, COLORS[weight]);
    points.forEach(({ throttle_reasons: bits }, place) => {
      if (!hasBit(bits ?? 0, bit)) return;
      const left = Math.round(x(times.starts[place]!)); // whole pixels, or there would be seams
      context.fillRect(left, 5 + lane * LANE, Math.max(Math.round(x(times.ends[place]!)) - left, 2), LANE - 4);
    });
  });
}
