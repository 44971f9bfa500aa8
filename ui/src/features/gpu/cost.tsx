/** What the work on this GPU came to in the range, as engines and calls were charged. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { costQuery } from "@/api/queries";
import { formatGpuTime, formatUsd } from "@/format/money";
import { formatShare } from "@/format/quantity";
import { type RangeSearch, rangeOf } from "@/time-range/address";
import { isRelative, resolve } from "@/time-range/range";
import { callShareOf, idleShareOf, secondsOf, usdOf } from "../cost/amounts";
import { ByCalls } from "../cost/by-calls";

const LIVE_MS = 15_000;

/** Entries of a <dl>; none until somebody was charged for it. */
export function ChargedFigures({ uuid, search }: { uuid: string; search: RangeSearch }) {
  const range = rangeOf(search);
  const { data } = useQuery({
    ...costQuery("gpu", JSON.stringify(range), () => resolve(range)),
    placeholderData: keepPreviousData,
    refetchInterval: isRelative(range) && LIVE_MS,
  });
  const now = data?.items.find(({ key }) => key === uuid)?.now;
  if (!now || secondsOf(now) === 0) return null;
  const [idle, calls, usd] = [idleShareOf(now) ?? 0, callShareOf(now), usdOf(now)];
  return (
    <>
      <div>
        <dt className="text-xs text-ink-faint">Held by engines and calls</dt>
        <dd className="flex items-baseline gap-2">
          {formatGpuTime(secondsOf(now))}, {formatShare(idle)} idle {calls !== undefined && <ByCalls share={calls} />}
        </dd>
      </div>
      {usd !== undefined && (
        <div>
          <dt className="text-xs text-ink-faint">Cost</dt>
          <dd>{formatUsd(usd)}</dd>
        </div>
      )}
    </>
  );
}
