/** Durations from nanoseconds to days, in the unit a reader expects. */

const MICRO = 1e3;
const MILLI = 1e6;
const SECOND = 1e9;

/** Write a duration given in nanoseconds with three significant digits: 840 ns, 12.5 µs, 1.25 s, 2m 05s. */
export function formatNs(ns: number): string {
  const size = Math.abs(ns);
  if (size < 999.5) return `${Math.round(ns)} ns`;
  if (size < 999.5 * MICRO) return `${significant(ns / MICRO)} µs`;
  if (size < 999.5 * MILLI) return `${significant(ns / MILLI)} ms`;
  if (size < 59.995 * SECOND) return `${significant(ns / SECOND)} s`;
  return formatLong(ns);
}

export const formatMs = (ms: number) => formatNs(ms * MILLI);

function significant(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

const two = (part: number) => String(part).padStart(2, "0");

function formatLong(ns: number): string {
  const seconds = Math.round(ns / SECOND);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}h ${two(minutes)}m` : `${minutes}m ${two(rest)}s`;
}

/** Write an offset with just the digits that tell two ticks `stepNs` apart from one another. */
export function formatTick(ns: number, stepNs: number, spanNs: number): string {
  const [unit, name] = unitFor(spanNs);
  const digits = Math.max(0, Math.ceil(-Math.log10(stepNs / unit) - 1e-9));
  return `${(ns / unit).toFixed(Math.min(digits, 9))} ${name}`;
}

function unitFor(ns: number): [number, string] {
  if (ns < MICRO) return [1, "ns"];
  if (ns < MILLI) return [MICRO, "µs"];
  if (ns < SECOND) return [MILLI, "ms"];
  return [SECOND, "s"];
}

const UNITS: Record<string, number> = { "": 1, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6, s: 1e3, sec: 1e3, m: 6e4, min: 6e4, h: 3.6e6 };

/** Read a duration someone typed ("250", "250ms", "1.5 s", "2m") as milliseconds; undefined when it is none. */
export function parseMs(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zµ]*)\s*$/i.exec(text);
  const factor = match && UNITS[match[2]!.toLowerCase()];
  return match && factor ? Number((Number(match[1]) * factor).toPrecision(12)) : undefined;
}
