/** Tick labels over an axis, and the gridlines that go with them. */
import type { Tick } from "./scale";

export const Ruler = ({ ticks }: { ticks: Tick[] }) => (
  <div aria-hidden className="pointer-events-none relative h-full overflow-hidden">
    {ticks.map(({ fraction, label }) => (
      <span
        key={fraction}
        style={{ left: `${fraction * 100}%` }}
        className="absolute inset-y-0 flex items-center border-l border-line-strong pl-1.5 text-xs whitespace-nowrap text-ink-muted tabular"
      >
        {fraction < 0.94 && label}
      </span>
    ))}
  </div>
);

export const Gridlines = ({ ticks }: { ticks: Tick[] }) => (
  <div aria-hidden className="pointer-events-none absolute inset-0 overflow-hidden">
    {ticks.map(({ fraction }) => (
      <span key={fraction} style={{ left: `${fraction * 100}%` }} className="absolute inset-y-0 w-px bg-line" />
    ))}
  </div>
);
