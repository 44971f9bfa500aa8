/** A time axis that reads as a clock: round steps, ticks at them, and buckets that do not move along. */
import { formatClock, formatDay, formatShortDay } from "@/format/time";
import type { Tick } from "./scale";

const [SECOND, MINUTE, HOUR, DAY] = [1e3, 6e4, 36e5, 864e5];
const STEPS = [
  ...[1, 10, 100].flatMap((power) => [power, 2 * power, 5 * power]),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 28].map((count) => count * DAY),
];

/** A piece of time, Unix ms. */
export type Stretch = { from: number; to: number };

/** The shortest round step of at least so many ms. */
export const roundStep = (ms: number) => STEPS.find((step) => step >= ms) ?? STEPS.at(-1)!;

/** Pixels of a letter, and of what is left of a label. */
const [LETTER, BEFORE] = [7, 8];

/** Ticks at round local times, at least `spacing` pixels apart; a label that would be cut off is left out. */
export function clockTicks({ from, to }: Stretch, width: number, spacing = width < 600 ? 76 : 96): Tick[] {
  if (width <= 0) return [];
  const step = roundStep(((to - from) * spacing) / width);
  const zone = -new Date(from).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((from + zone) / step) * step - zone;
  const count = Math.max(Math.floor((to - first) / step) + 1, 0);
  return Array.from({ length: count }, (_, index) => {
    const at = first + index * step;
    const [fraction, label] = [(at - from) / (to - from), labelOf(at, step)];
    return { fraction, label: (1 - fraction) * width < BEFORE + label.length * LETTER ? "" : label };
  });
}

function labelOf(at: number, step: number): string {
  const date = new Date(at);
  const clock = formatClock(date);
  if (step >= DAY || (step >= MINUTE && clock === "00:00:00")) return formatShortDay(date) || "Today";
  if (step >= MINUTE) return clock.slice(0, 5);
  return step >= SECOND ? clock : `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** The clock at a moment that is looked at: to the ms where the stretch is short, with the day where it is long. */
export function formatMoment(at: number, { from, to }: Stretch): string {
  const date = new Date(at);
  const clock = formatClock(date);
  if (to - from <= MINUTE) return `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return formatDay(new Date(from)) === formatDay(new Date(to)) ? clock : `${formatShortDay(date)} ${clock}`.trim();
}

/** The stretch cut at round times into at most so many buckets, give or take the two at its ends. */
export function inBuckets({ from, to }: Stretch, most: number): Stretch & { width: number; count: number } {
  const width = roundStep((to - from) / most);
  const [first, last] = [Math.floor(from / width), Math.ceil(to / width)];
  return { from: first * width, to: last * width, width, count: last - first };
}
