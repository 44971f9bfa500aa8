/** Busy and idle as one bar; its length tells groups apart, its parts what was used. */
import { formatGpuTime, formatUsd } from "@/format/money";
import type { Bar } from "./amounts";

const write = ({ unit }: Bar, amount: number) => (unit === "usd" ? formatUsd(amount) : formatGpuTime(amount));

export const inWords = (bar: Bar) => `Busy ${write(bar, bar.busy)}, idle ${write(bar, bar.idle)}`;

export function BusyBar({ bar, longest }: { bar: Bar; longest: number }) {
  const width = (amount: number) => ({ width: `${longest > 0 ? (amount / longest) * 100 : 0}%` });
  return (
    <span role="img" aria-label={inWords(bar)} title={inWords(bar)} className="flex h-2.5 overflow-hidden rounded-[3px] bg-raised">
      <span className="bg-series-1" style={width(bar.busy)} />
      <span className="bg-batch" style={width(bar.idle)} />
    </span>
  );
}

export const Legend = () => (
  <p aria-hidden className="flex items-center gap-4 text-xs text-ink-muted">
    <span className="flex items-center gap-1.5">
      <span className="size-2.5 rounded-[3px] bg-series-1" /> Busy
    </span>
    <span className="flex items-center gap-1.5">
      <span className="size-2.5 rounded-[3px] bg-batch" /> Idle
    </span>
  </p>
);
