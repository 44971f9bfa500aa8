/** Dollars, joules and GPU time with the precision that a bill deserves. */
import { formatCompact, formatCount } from "./number";
import { formatDigits, formatJoules } from "./quantity";

/** Cents from a cent on, two digits that count below: $0.0042, $0.84, $12.30, $1,204. */
export function formatUsd(usd: number): string {
  if (usd === 0) return "$0";
  if (usd >= 99_950) return `$${formatCompact(usd)}`;
  if (usd >= 999.5) return `$${formatCount(Math.round(usd))}`;
  if (usd >= 0.0095) return `$${usd.toFixed(2)}`;
  return `$${plain(usd)}`;
}

/** Two significant digits without an exponent. */
const plain = (value: number) => value.toFixed(Math.min(1 - Math.floor(Math.log10(value)), 20)).replace(/0+$/, "");

const KWH = 3.6e6;

/** Joules as long as they are few, then the kilowatt hours of a bill. */
export function formatEnergy(joules: number): string {
  if (joules < KWH / 10) return formatJoules(joules);
  const kwh = joules / KWH;
  return kwh < 999.5 ? `${formatDigits(kwh)} kWh` : `${formatDigits(kwh / 1000)} MWh`;
}

/** The time of GPUs: seconds, minutes, and hours without a bound. */
export function formatGpuTime(seconds: number): string {
  if (seconds < 60) return `${formatDigits(seconds)} s`;
  if (seconds < 3600) return `${formatDigits(seconds / 60)} min`;
  return `${formatDigits(seconds / 3600)} h`;
}
