/** Which engine it is, and what its steps come to. */
import type { ReactNode } from "react";
import type { EngineSummary } from "@/api/types";
import { formatMs } from "@/format/duration";
import { formatCount } from "@/format/number";
import { formatDigits, formatShare } from "@/format/quantity";
import { formatAgo, formatExact } from "@/format/time";
import { useNow } from "@/widgets/now";
import type { Summary } from "./steps";

type HeaderProps = { engine: EngineSummary | undefined; summary: Summary | undefined; cut: boolean; /** Which engines there are is not known yet. */ pending: boolean; children: ReactNode };

export function Header({ engine, summary, cut, pending, children }: HeaderProps) {
  return (
    <header className="flex flex-col gap-2 border-b border-line bg-surface px-4 py-2.5">
      <div className="flex flex-wrap items-center gap-2">
        <h1 className="mr-2 text-lg font-semibold tracking-tight">Engines</h1>
        {children}
      </div>
      {engine ? <Figures engine={engine} summary={summary} cut={cut} /> : pending && <div className={ROOM} />}
    </header>
  );
}

/** What the figures take, so that nothing moves when they come. */
const ROOM = "h-9 max-sm:h-[162px]";

function Figures({ engine, summary, cut }: { engine: EngineSummary; summary: Summary | undefined; cut: boolean }) {
  const now = useNow();
  return (
    <dl className="flex flex-wrap gap-x-7 gap-y-1.5 tabular max-lg:gap-x-5 max-sm:grid max-sm:grid-cols-3 max-sm:gap-x-3">
      <Figure label="Engine">{`${engine.name} ${engine.version}`.trim() || "–"}</Figure>
      <Figure label="Model">
        <span title={engine.model} className="block max-w-64 truncate">
          {engine.model.split("/").at(-1) || "–"}
        </span>
      </Figure>
      <Figure label="Node">{engine.host || "–"}</Figure>
      <Figure label="GPUs">{formatCount(engine.gpu_count)}</Figure>
      <Figure label="Last step">
        <span title={formatExact(engine.last_seen)}>{formatAgo(engine.last_seen, now)}</span>
      </Figure>
      <Figure label="Steps in the range">{formatCount(engine.step_count)}</Figure>
      <Figure label={cut && summary ? `Newest ${formatCount(summary.steps)}: busy` : "Busy"}>{summary ? formatShare(summary.busy) : "–"}</Figure>
      <Figure label="Tokens per second">{summary ? formatDigits(summary.tokensPerSecond) : "–"}</Figure>
      <Figure label="Median step">{summary ? formatMs(summary.medianMs) : "–"}</Figure>
      <Figure label="Preemptions">{summary ? formatCount(summary.preemptions) : "–"}</Figure>
    </dl>
  );
}

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <div className="min-w-0">
    <dt title={label} className="truncate text-xs text-ink-muted">
      {label}
    </dt>
    <dd className="truncate">{children}</dd>
  </div>
);
