/** Points in time: RFC 3339 in, the reader's clock out, never losing nanoseconds. */

const pad = (value: number, width = 2) => String(value).padStart(width, "0");

/** The fraction of a second of an RFC 3339 time as nine digits. */
const fraction = (stamp: string) => (/\.(\d{1,9})/.exec(stamp)?.[1] ?? "").padEnd(9, "0");

/** Nanoseconds since 1970; a bigint, because a number would round them to 256. */
export const toNs = (stamp: string) =>
  BigInt(Math.floor(Date.parse(stamp) / 1000)) * 1_000_000_000n + BigInt(fraction(stamp));

/** Milliseconds since 1970 with their fraction, good to a microsecond. */
export const toMs = (stamp: string) => Math.floor(Date.parse(stamp) / 1000) * 1000 + Number(fraction(stamp)) / 1e6;

export const formatClock = (date: Date) => `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;

export const formatDay = (date: Date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;

/** The day for a reader of today's list: empty today, else "Nov 23", with the year once it differs. */
export function formatShortDay(date: Date, now = new Date()): string {
  if (formatDay(date) === formatDay(now)) return "";
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("en-US", { month: "short", day: "numeric", year });
}

/** Local clock time with milliseconds: 14:02:11.482 */
export const formatTime = (stamp: string) => `${formatClock(new Date(stamp))}.${fraction(stamp).slice(0, 3)}`;

/** Local date and time down to the nanosecond, with the zone. */
export function formatExact(stamp: string): string {
  const date = new Date(stamp);
  return `${formatDay(date)} ${formatClock(date)}.${fraction(stamp)} ${formatZone(date)}`;
}

function formatZone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${pad(rest)}` : ""}`;
}

const AGES: [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

/** How long ago: "just now", "42 s ago", "3 min ago", "5 h ago", "2 d ago". */
export function formatAgo(stamp: string, now = Date.now()): string {
  const seconds = Math.round((now - Date.parse(stamp)) / 1000);
  if (Math.abs(seconds) < 2) return "just now";
  const [size, unit] = AGES.find(([step]) => Math.abs(seconds) >= step) ?? [1, "s"];
  const count = Math.floor(Math.abs(seconds) / size);
  return seconds < 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}
