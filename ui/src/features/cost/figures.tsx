/** What all groups come to, each figure with its change. */
import type { ReactNode } from "react";
import type { CostGroup } from "@/api/types";
import { formatEnergy, formatGpuTime, formatUsd } from "@/format/money";
import { formatCompact, formatCount } from "@/format/number";
import { formatShare } from "@/format/quantity";
import { changeOf, idleShareOf, joulesOf, secondsOf, usdOf } from "./amounts";

export function Figures({ total }: { total: CostGroup }) {
  const { now, previous } = total;
  const idle = idleShareOf(now);
  return (
    <dl className="grid grid-cols-[repeat(auto-fill,minmax(132px,1fr))] gap-x-6 gap-y-3 tabular">
      <Figure label="Cost" value={usdOf(now)} before={usdOf(previous)} write={formatUsd} />
      <Figure label="Of it idle" value={now.idle_usd} before={previous.idle_usd} write={formatUsd} />
      <Figure label="GPU time" value={secondsOf(now)} before={secondsOf(previous)} write={formatGpuTime}>
        {idle !== undefined && `${formatShare(idle)} idle`}
      </Figure>
      <Figure label="Energy" value={joulesOf(now)} before={joulesOf(previous)} write={formatEnergy} />
      <Figure label="Per 1M tokens" value={now.usd_per_1m_tokens} before={previous.usd_per_1m_tokens} write={formatUsd} />
      <Figure label="Per 1k tokens" value={now.energy_j_per_1k_tokens} before={previous.energy_j_per_1k_tokens} write={formatEnergy} />
      <Figure label="Requests" value={now.requests} before={previous.requests} write={formatCount} />
      <Figure label="Tokens" value={now.tokens} before={previous.tokens} write={formatCompact} />
    </dl>
  );
}

type FigureProps = {
  label: string;
  value: number | null | undefined;
  before: number | null | undefined;
  write: (value: number) => string;
  children?: ReactNode;
};

function Figure({ label, value, before, write, children }: FigureProps) {
  const change = changeOf(value, before);
  return (
    <div>
      <dt className="text-xs text-ink-muted">{label}</dt>
      <dd className="text-lg font-medium whitespace-nowrap">{value === null || value === undefined ? "–" : write(value)}</dd>
      <dd className="min-h-4 text-xs text-ink-muted">
        {children}
        {children && change && " · "}
        {change && <span title="Against the time before, as long">{change}</span>}
      </dd>
    </div>
  );
}
