/** What a tenant has stored by day, against its quota. */
import { useQuery } from "@tanstack/react-query";
import { type DayUsage, usageQuery } from "@/api/admin";
import { formatGpuTime } from "@/format/money";
import { formatCompact, formatCount } from "@/format/number";
import { ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import { Tip } from "@/widgets/tip";
import { Section } from "./section";

type UsageProps = { tenant: string; quota: number | null };

export function Usage({ tenant, quota }: UsageProps) {
  const usage = useQuery(usageQuery(tenant));
  const content = () => {
    if (usage.isPending) return <Skeleton className="h-36 w-full" />;
    if (usage.isError) return <ProblemNotice error={usage.error} onRetry={() => void usage.refetch()} />;
    return <Days days={usage.data.items} quota={quota} />;
  };
  return (
    <Section title="Usage" saying="What was stored by day of commit (UTC), each span once.">
      {content()}
    </Section>
  );
}

function Days({ days, quota }: { days: DayUsage[]; quota: number | null }) {
  const today = days.at(-1);
  const top = Math.max(...days.map((day) => day.spans), quota ?? 0, 1);
  return (
    <div className="flex flex-col gap-4">
      <dl className="flex flex-wrap gap-x-8 gap-y-2 tabular">
        <Figure name="Spans today" value={formatCount(today?.spans ?? 0)} more={quota === null ? undefined : `of ${formatCount(quota)}`} />
        <Figure name={`Spans in ${days.length} days`} value={formatCount(sum(days, "spans"))} />
        <Figure name="Engine steps" value={formatCount(sum(days, "engine_steps"))} />
        <Figure name="GPU time" value={formatGpuTime(sum(days, "gpu_seconds"))} />
      </dl>
      <div className="flex gap-2">
        <div aria-hidden className="flex h-32 w-10 shrink-0 flex-col justify-between text-right text-xs text-ink-faint tabular">
          <span>{formatCompact(top)}</span>
          <span>0</span>
        </div>
        <div className="relative min-w-0 flex-1">
          <ul aria-label="Spans by day" className="flex h-32 items-end gap-px border-b border-line-strong">
            {days.map((day) => (
              <Bar key={day.day} day={day} top={top} quota={quota} />
            ))}
          </ul>
          {quota !== null && <QuotaLine share={quota / top} />}
          <div aria-hidden className="flex justify-between pt-1 text-xs text-ink-faint tabular">
            <span>{days[0]?.day.slice(5)}</span>
            <span>today</span>
          </div>
        </div>
      </div>
    </div>
  );
}

const sum = (days: DayUsage[], field: "spans" | "engine_steps" | "gpu_seconds") =>
  days.reduce((total, day) => total + day[field], 0);

const Figure = ({ name, value, more }: { name: string; value: string; more?: string }) => (
  <div>
    <dt className="text-xs text-ink-muted">{name}</dt>
    <dd className="text-lg font-semibold">
      {value} {more && <span className="text-sm font-normal text-ink-muted">{more}</span>}
    </dd>
  </div>
);

function Bar({ day, top, quota }: { day: DayUsage; top: number; quota: number | null }) {
  const said = `${day.day}: ${formatCount(day.spans)} spans`;
  const full = quota !== null && day.spans >= quota;
  return (
    <li className="flex h-full flex-1 items-end">
      <Tip label={said}>
        <span aria-label={said} role="img" className="flex h-full w-full items-end rounded-t hover:bg-raised">
          <span
            className={full ? "block w-full rounded-t-sm bg-warn" : "block w-full rounded-t-sm bg-series-1"}
            style={{ height: day.spans ? `max(2px, ${(day.spans / top) * 100}%)` : 0 }}
          />
        </span>
      </Tip>
    </li>
  );
}

/** In the part of the frame that the bars take, without the days below. */
const QuotaLine = ({ share }: { share: number }) => (
  <div aria-hidden className="pointer-events-none absolute inset-x-0 top-0 h-32">
    <div className="absolute inset-x-0 border-t border-dashed border-warn" style={{ bottom: `${share * 100}%` }}>
      <span className="absolute right-0 -bottom-4 rounded bg-surface px-1 text-xs text-warn">quota</span>
    </div>
  </div>
);
