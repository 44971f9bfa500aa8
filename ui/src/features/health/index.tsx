/** How the server is, its databases, what it takes and refuses; and how those are that send to it. */
import { useQuery } from "@tanstack/react-query";
import { formatMs } from "@/format/duration";
import { formatCompact, formatCount } from "@/format/number";
import { formatBytes } from "@/format/quantity";
import { classes } from "@/widgets/classes";
import { NotRefreshed, ProblemNotice } from "@/widgets/problem-notice";
import { Card, Row } from "./card";
import { labelled, type Reading, rate, type Sample, valueOf } from "./metrics";
import { Processes } from "./process-list";
import { readinessQuery, useReadings } from "./readings";

const SPANS = "axonize_spans_accepted_total";
const POINTS = "axonize_metric_points_accepted_total";

export function HealthPage() {
  const { readings, error } = useReadings();
  const newest = readings.at(-1);
  return (
    <main className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-12 flex-wrap items-center gap-3 border-b border-line px-4 py-2">
        <h1 className="text-lg font-semibold tracking-tight">Health</h1>
        {newest && <Release samples={newest.samples} />}
        {error && newest && <NotRefreshed error={error} />}
      </div>
      {/* Nothing in it takes the focus, and whoever has no mouse scrolls, too. */}
      <div tabIndex={0} role="group" aria-label="Numbers" className="min-h-0 flex-1 overflow-y-auto p-4 focus-visible:outline-offset-[-2px]">
        {newest && <Numbers readings={readings} newest={newest} />}
        {error && !newest && <ProblemNotice error={error} />}
      </div>
    </main>
  );
}

const Release = ({ samples }: { samples: Sample[] }) => (
  <p className="text-sm text-ink-muted tabular">
    Axonize {labelled(samples, "axonize_build_info")[0]?.label ?? "?"} · schema{" "}
    {labelled(samples, "axonize_schema_version")
      .map((each) => `${NAMES[each.label] ?? each.label} ${each.value}`)
      .join(", ")}
  </p>
);

const NAMES: Record<string, string> = { clickhouse: "ClickHouse", postgres: "PostgreSQL" };

function Numbers({ readings, newest: { samples } }: { readings: Reading[]; newest: Reading }) {
  const commits = valueOf(samples, "axonize_commits_total");
  const mean = commits ? (valueOf(samples, "axonize_commit_seconds_total") / commits) * 1000 : undefined;
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(min(100%,240px),1fr))] items-start gap-4">
      <Databases />
      <Flow title="Spans" name={SPANS} readings={readings} />
      <Flow title="Metric points" name={POINTS} readings={readings} />
      <Card title="Queue and commits">
        <Row name="Waits to be stored" value={formatBytes(valueOf(samples, "axonize_queue_bytes"))} />
        <Row name="Blocks inserted" value={formatCount(commits)} />
        <Row name="Mean insert" value={mean === undefined ? "–" : formatMs(mean)} />
      </Card>
      <Card title="Refused since the start">
        <Refusals samples={samples} />
      </Card>
      <Processes />
    </div>
  );
}

function Databases() {
  const { data, error } = useQuery(readinessQuery);
  return (
    <Card title="Databases">
      {error && <p className="text-sm text-bad">{error.message}</p>}
      {Object.entries(data?.databases ?? {}).map(([name, state]) => (
        <Row
          key={name}
          name={NAMES[name] ?? name}
          value={
            <span className={classes("inline-flex items-center gap-1.5", state === "ok" ? "text-good" : "text-bad")}>
              <span aria-hidden className={classes("size-[7px] rounded-full", state === "ok" ? "bg-good" : "bg-bad")} />
              {state === "ok" ? "answers" : "does not answer"}
            </span>
          }
        />
      ))}
    </Card>
  );
}

/** How fast something comes in, now and over the last two minutes. */
function Flow({ title, name, readings }: { title: string; name: string; readings: Reading[] }) {
  const rates = readings.slice(1).map((reading, place) => rate(readings[place] ?? reading, reading, name));
  const now = rates.at(-1);
  const top = Math.max(...rates, 1);
  return (
    <Card title={title}>
      <p>
        <span className="text-lg font-semibold tabular">{now === undefined ? "–" : formatCompact(Math.round(now))}</span>{" "}
        <span className="text-sm text-ink-muted">per second</span>
      </p>
      <ul aria-hidden className="flex h-14 flex-row-reverse items-end gap-px border-b border-line-strong">
        {Array.from({ length: 60 }, (_, place) => (
          <li key={place} className="flex-1 rounded-t-sm bg-series-1" style={{ height: `${((rates.at(-1 - place) ?? 0) / top) * 100}%` }} />
        ))}
      </ul>
      <Row name="Stored since the start" value={formatCount(valueOf(readings.at(-1)?.samples ?? [], name))} />
    </Card>
  );
}

const REASONS: Record<string, string> = {
  Overloaded: "queue full",
  StoreUnavailable: "database away",
  MalformedRequest: "no valid OTLP",
  StoreRefused: "refused by ClickHouse",
  Forbidden: "tenant suspended",
};

function Refusals({ samples }: { samples: Sample[] }) {
  const rows = [
    ...labelled(samples, "axonize_requests_refused_total").map((each) => ({ name: `Requests, ${REASONS[each.label] ?? each.label}`, count: each.value })),
    { name: "Requests, quota used up", count: valueOf(samples, "axonize_quota_refused_total") },
    { name: "Spans, not valid", count: valueOf(samples, "axonize_spans_rejected_total") },
    ...labelled(samples, "axonize_metric_points_rejected_total").map((each) => ({ name: `Points, ${each.label}`, count: each.value })),
  ].filter((row) => row.count > 0);
  if (rows.length === 0) return <p className="text-sm text-ink-muted">Nothing.</p>;
  return rows.map((row) => <Row key={row.name} name={row.name} value={<span className="text-warn">{formatCount(row.count)}</span>} />);
}
