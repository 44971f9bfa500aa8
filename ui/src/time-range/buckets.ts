/** A time range cut into pieces, as the server is asked for them. */
import { inBuckets } from "@/charts/clock";
import { isRelative, resolve, type TimeRange } from "./range";

export type Buckets = { from: string; to: string; points: number };

const asked = (from: number, to: number, points: number): Buckets => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), points });

/** Cut at round times; a range that moves along ends at a moment, the others where they say. */
function cut(range: TimeRange, most: number, now: number, end: number) {
  const { from, to } = resolve(range, now);
  return inBuckets({ from: Date.parse(from), to: isRelative(range) ? end : Date.parse(to) }, most);
}

/** At most so many buckets, which stay where they are while the range moves along. */
export function bucketsOf(range: TimeRange, most: number, now = Date.now()): Buckets {
  const { from, to, count } = cut(range, most, now, now);
  return asked(from, to, count);
}

/** The same without the last one where it is not over yet; things come so many ms after they ended. */
export function pastBuckets(range: TimeRange, most: number, lateMs: number, now = Date.now()): Buckets {
  const { from, to, width, count } = cut(range, most, now, now - lateMs);
  return isRelative(range) && count > 1 ? asked(from, to - width, count - 1) : asked(from, to, count);
}
