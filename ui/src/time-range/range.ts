/** The time range of a list: relative ranges stay relative, absolute ones keep their ends. */
import { formatClock, formatDay, formatShortDay } from "@/format/time";

export const PRESETS = ["15m", "1h", "6h", "24h", "7d", "30d"] as const;
export const DEFAULT_RANGE = "1h";

const UNITS: Record<string, { ms: number; name: string }> = {
  m: { ms: 60_000, name: "minute" },
  h: { ms: 3_600_000, name: "hour" },
  d: { ms: 86_400_000, name: "day" },
};

/** Spans of a host whose clock runs ahead still belong to "now". */
const CLOCK_SKEW_MS = 60_000;

export type TimeRange = { range: string } | { from: string; to: string };

/** Read "90m", "6h" or "2d" as milliseconds; undefined when it is something else. */
export function parseRange(text: string): number | undefined {
  const match = /^(\d{1,4})([mhd])$/.exec(text);
  const ms = match ? Number(match[1]) * UNITS[match[2]!]!.ms : 0;
  return ms > 0 ? ms : undefined;
}

export const isRelative = (range: TimeRange): range is { range: string } => "range" in range;

export function resolve(range: TimeRange, now = Date.now()): { from: string; to: string } {
  if (!isRelative(range)) return range;
  const length = parseRange(range.range) ?? parseRange(DEFAULT_RANGE)!;
  return { from: new Date(now - length).toISOString(), to: new Date(now + CLOCK_SKEW_MS).toISOString() };
}

export function describe(range: TimeRange): string {
  if (!isRelative(range)) return `${describeMoment(range.from)} – ${describeEnd(range)}`;
  const [, count, unit] = /^(\d+)([mhd])$/.exec(range.range)!;
  return Number(count) === 1 ? `Last ${UNITS[unit!]!.name}` : `Last ${count} ${UNITS[unit!]!.name}s`;
}

/** "in the last hour", "between 10:00:00 and 11:00:00". */
export const within = (range: TimeRange) =>
  isRelative(range) ? `in the ${describe(range).toLowerCase()}` : `between ${describe(range).replace(" – ", " and ")}`;

function describeMoment(stamp: string): string {
  const date = new Date(stamp);
  return [formatShortDay(date), formatClock(date)].filter(Boolean).join(" ");
}

function describeEnd({ from, to }: { from: string; to: string }): string {
  const sameDay = formatDay(new Date(from)) === formatDay(new Date(to));
  return sameDay ? formatClock(new Date(to)) : describeMoment(to);
}

/** The next larger range to look in, or undefined at the largest. */
export function widen(range: TimeRange, now = Date.now()): { range: string } | undefined {
  const { from } = resolve(range, now);
  const reach = now - Date.parse(from);
  const wider = PRESETS.find((preset) => parseRange(preset)! > reach + 1000);
  return wider && { range: wider };
}
