/** The pieces of time that an overview asks for. */
import { pastBuckets } from "@/time-range/buckets";
import type { TimeRange } from "@/time-range/range";

const MOST = 120;
/** Spans come a little after they ended. */
const LATE_MS = 3_000;

const iso = (at: number) => new Date(at).toISOString();

/** A range in buckets that stay where they are; one that moves along ends with the last bucket that is over. */
export const bucketsOf = (range: TimeRange, now = Date.now()) => pastBuckets(range, MOST, LATE_MS, now);

export const endsOf = ({ from, to }: { from: string; to: string }) => ({ from, to });

/** All of it as one piece, and the same length before it. */
export const wholeOf = ({ from, to }: { from: string; to: string }) => ({ from, to, points: 1 });

export function before({ from, to }: { from: string; to: string }) {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  return { from: iso(first - (last - first)), to: from, points: 1 };
}
