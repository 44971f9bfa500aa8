/** Physical quantities with the precision that a reader can use. */
import { formatCompact, formatCount } from "./number";

/** Whole per cents, and never 0 or 100 for what is not. */
export function formatShare(share: number): string {
  const rounded = Math.round(share * 100);
  if (rounded === 0 && share > 0) return "<1 %";
  return `${rounded === 100 && share < 1 ? ">99" : rounded} %`;
}

/** Per cents of what is rare: 0.04 %, 0.5 %, 12 %. */
export const formatRate = (share: number) => `${formatDigits(share * 100)} %`;

/** Three significant digits at most, and two of what is small: 0.0042, 0.84, 7.3, 412, 12,800. */
export function formatDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.5 || value === 0) return formatCount(Math.round(value));
  if (size < 0.0095) return size < 1e-4 ? "<0.0001" : String(Number(value.toPrecision(2)));
  return String(Number(value.toFixed(size < 0.995 ? 2 : 1)));
}

/** How many a second, short where there are many: 0.38/s, 412/s, 31.7M/s. */
export const formatPerSecond = (rate: number) => `${rate < 10_000 ? formatDigits(rate) : formatCompact(rate)}/s`;

export const formatWatts = (watts: number) => scaled(watts, 1000, ["W", "kW", "MW"]);

export const formatJoules = (joules: number) => scaled(joules, 1000, ["J", "kJ", "MJ", "GJ"]);

export const formatBytes = (bytes: number) => scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);

export const formatCelsius = (degrees: number) => `${Math.round(degrees)} °C`;

export const formatMegahertz = (megahertz: number) => `${formatCount(Math.round(megahertz))} MHz`;

/** In the largest unit of which there is one. */
function scaled(value: number, step: number, units: string[]): string {
  const power = Math.max(0, units.findLastIndex((_, index) => Math.abs(value) >= step ** index * 0.9995));
  return `${formatDigits(value / step ** power)} ${units[power]}`;
}
