/** What all groups come to, each figure with its change. */
import type { CostGroup } from "@/api/types";
import { formatEnergy, formatGpuTime, formatUsd } from "@/format/money";
import { formatCompact, formatCount } from "@/format/number";
import { formatShare } from "@/format/quantity";
import { Figure } from "@/widgets/figure";
import { callShareOf, idleShareOf, joulesOf, secondsOf, usdOf } from "./amounts";
import { ByCalls } from "./by-calls";

export function Figures({ total }: { total: CostGroup }) {
  const { now, previous } = total;
  const [idle, calls] = [idleShareOf(now), callShareOf(now)];
  return (
    <dl className="grid grid-cols-[repeat(auto-fill,minmax(132px,1fr))] gap-x-6 gap-y-3 tabular">
      <Figure label="Cost" value={usdOf(now)} before={usdOf(previous)} write={formatUsd} />
      <Figure label="Of it idle" value={now.idle_usd} before={previous.idle_usd} write={formatUsd} />
      <Figure label="GPU time" value={secondsOf(now)} before={secondsOf(previous)} write={formatGpuTime}>
        {idle !== undefined && `${formatShare(idle)} idle`} {calls !== undefined && <ByCalls share={calls} />}
      </Figure>
      <Figure label="Energy" value={joulesOf(now)} before={joulesOf(previous)} write={formatEnergy} />
      <Figure label="Cost per 1M tokens" value={now.usd_per_1m_tokens} before={previous.usd_per_1m_tokens} write={formatUsd} />
      <Figure label="Energy per 1k tokens" value={now.energy_j_per_1k_tokens} before={previous.energy_j_per_1k_tokens} write={formatEnergy} />
      <Figure label="Requests" value={now.requests} before={previous.requests} write={formatCount} />
      <Figure label="Tokens" value={now.tokens} before={previous.tokens} write={formatCompact} />
    </dl>
  );
}
