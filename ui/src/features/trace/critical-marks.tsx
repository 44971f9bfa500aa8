/** A line below a bar where the span is on the critical path. */
import { toFraction, type Window } from "@/charts/scale";
import type { Stretch } from "./critical-path";

type CriticalMarksProps = { stretches: Stretch[]; window: Window; /** Pixels of the axis. */ width: number };

export const CriticalMarks = ({ stretches, window, width }: CriticalMarksProps) => (
  <>
    {inSight(stretches, window, width).map(([from, to]) => (
      <span key={from} aria-hidden data-critical style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }} className="absolute top-[22px] h-[3px] min-w-[2px] rounded-full bg-ink" />
    ))}
  </>
);

/** From and to as fractions of the window; stretches less than a pixel apart are one. */
export function inSight(stretches: Stretch[], window: Window, width: number): [number, number][] {
  const found: [number, number][] = [];
  for (const { start, end } of stretches) {
    const [from, to] = [Math.max(toFraction(window, start), 0), Math.min(toFraction(window, end), 1)];
    if (from >= to) continue;
    const last = found.at(-1);
    if (last && (from - last[1]) * width < 1) last[1] = to;
    else found.push([from, to]);
  }
  return found;
}
