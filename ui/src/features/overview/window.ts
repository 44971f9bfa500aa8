/** The pieces of time that an overview asks for. */
import { inBuckets } from "@/charts/clock";
import { isRelative, resolve, type TimeRange } from "@/time-range/range";

const MOST = 120;
/** Spans come a little after they ended. */
const LATE_MS = 3_000;

const iso = (at: number) => new Date(at).toISOString();

/** A range in buckets that stay where they are; one that moves along ends with the last bucket that is over. */
export function bucketsOf(range: TimeRange, now = Date.now()): { from: string; to: string; points: number } {
  const ends = resolve(range, now);
  const stretch = { from: Date.parse(ends.from), to: isRelative(range) ? now - LATE_MS : Date.parse(ends.to) };
  const { from, to, width, count } = inBuckets(stretch, MOST);
  if (!isRelative(range) || count < 2) return { from: iso(from), to: iso(to), points: count };
  return { from: iso(from), to: iso(to - width), points: count - 1 };
}

export const endsOf = ({ from, to }: { from: string; to: string }) => ({ from, to });

/** All of it as one piece, and the same length before it. */
export const wholeOf = ({ from, to }: { from: string; to: string }) => ({ from, to, points: 1 });

export function before({ from, to }: { from: string; to: string }) {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  return { from: iso(first - (last - first)), to: from, points: 1 };
}
