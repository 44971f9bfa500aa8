/** Every process that sends: what it runs, what it lost, which hooks it lacks. */
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { type Process, type ProcessList, processesQuery } from "@/api/processes";
import { formatCount, plural } from "@/format/number";
import { formatAgo } from "@/format/time";
import { classes } from "@/widgets/classes";
import { ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import { Snippet } from "@/widgets/snippet";
import { Card } from "./card";
import { inOrder, integrationsOf, isSilent, lossesOf } from "./processes";

const MOST_FAULTS = 5;
const MOST_SERVICES = 20;

export function Processes() {
  const { data, error } = useQuery(processesQuery);
  return (
    <Card title="Processes" className="col-span-full">
      <p className="text-sm text-ink-muted">The processes that sent spans in the last hour. Each reports about once a minute.</p>
      {!data && !error && <Skeleton className="h-16" />}
      {error && !data && <ProblemNotice error={error} />}
      {data && <Found {...data} />}
    </Card>
  );
}

function Found({ items, more, silent_services }: ProcessList) {
  if (items.length === 0 && silent_services.length === 0) return <Nobody />;
  return (
    <>
      {items.length > 0 && (
        <ul className="divide-y divide-line border-t border-line">
          {inOrder(items).map((process) => (
            <Entry key={process.instance_id} process={process} />
          ))}
        </ul>
      )}
      {more && <p className="border-t border-line pt-3 text-sm text-ink-muted">These are the newest {formatCount(items.length)}; older ones are left out.</p>}
      {silent_services.length > 0 && <Silent services={silent_services} />}
    </>
  );
}

/** They send spans; how that goes nobody knows but they. */
function Silent({ services }: { services: ProcessList["silent_services"] }) {
  const named = services.slice(0, MOST_SERVICES).map(({ service_name, spans }) => `${service_name || "no service name"} (${plural(spans, "span")})`);
  const more = services.length - named.length;
  return (
    <p className="border-t border-line pt-3 text-sm break-words text-ink-muted">
      Sent spans, but say nothing of how that goes: {named.join(", ")}
      {more > 0 && ` and ${plural(more, "more service")}`}. Axonize's SDK says it, and others do with OpenTelemetry's SDK metrics switched on.
    </p>
  );
}

const Nobody = () => (
  <div className="flex flex-col gap-2 border-t border-line pt-3">
    <p className="text-ink-muted">No process has sent a span in the last hour. Start one:</p>
    <Snippet text="axonize-instrument --service-name chat python app.py" />
  </div>
);

function Entry({ process }: { process: Process }) {
  const { service_name, instance_id, environment, host, pid, command, runtime, sdk, last_seen } = process;
  const silent = isSilent(process);
  const where = [host, pid !== null && `pid ${pid}`, environment].filter(Boolean).join(" · ");
  return (
    <li className="grid gap-x-6 gap-y-1.5 py-3 text-sm tabular sm:grid-cols-[minmax(0,5fr)_minmax(0,4fr)_minmax(0,5fr)]">
      <div className="min-w-0">
        <p className="flex items-center gap-2">
          <span aria-hidden className={classes("size-[7px] shrink-0 rounded-full", silent ? "bg-ink-faint" : "bg-good")} />
          <span title={instance_id} className="truncate font-medium">
            {service_name || "no service name"}
          </span>
        </p>
        <p className="truncate text-ink-muted" title={command ?? undefined}>
          {where || instance_id}
        </p>
      </div>
      <div className="min-w-0">
        <p className="truncate">{[sdk.name, sdk.version].filter(Boolean).join(" ") || "an unknown SDK"}</p>
        <p className="truncate text-ink-muted">
          {runtime && `${runtime} · `}
          <span>{silent ? `ended, or silent: ${formatAgo(last_seen)}` : formatAgo(last_seen)}</span>
        </p>
      </div>
      <Spans process={process} />
      <Integrations process={process} />
      <Troubles process={process} />
    </li>
  );
}

function Spans({ process }: { process: Process }) {
  const lost = lossesOf(process).reduce((sum, loss) => sum + loss.count, 0);
  return (
    <div>
      <p>{plural(process.spans_exported, "span")} sent since its start</p>
      <p className={lost > 0 ? "text-bad" : "text-ink-muted"}>
        {lost > 0 ? `${formatCount(lost)} lost` : "none lost"}
        {process.spans_waiting > 0 && <span className="text-ink-muted"> · {formatCount(process.spans_waiting)} waiting</span>}
      </p>
    </div>
  );
}

function Integrations({ process }: { process: Process }) {
  const found = integrationsOf(process);
  if (found.length === 0) return null;
  return (
    <ul aria-label="Integrations" className="flex flex-wrap gap-1.5 sm:col-span-full">
      {found.map(({ name, inPlace, missing }) => (
        <li key={name} className="rounded border border-line bg-raised px-1.5 text-xs leading-5">
          {name} <span className={missing > 0 ? "text-warn" : "text-ink-muted"}>{said(inPlace, missing)}</span>
        </li>
      ))}
    </ul>
  );
}

function said(inPlace: number, missing: number): string {
  if (missing > 0) return `${formatCount(inPlace)} of ${plural(inPlace + missing, "hook")}`;
  return inPlace > 0 ? plural(inPlace, "hook") : "not used yet";
}

/** What went wrong, in sentences. */
function Troubles({ process }: { process: Process }) {
  const { faults } = process;
  const sentences = [
    ...lossesOf(process).map(({ count, reason, advice }) => `${plural(count, "span")} lost: ${reason}. ${advice}`),
    ...faults.slice(0, MOST_FAULTS).map(({ integration, target, state, detail }) => `${integration}: ${target} ${state === "failed" ? "could not be hooked" : "is not there"}${detail ? `: ${detail}` : ""}`),
    ...(faults.length > MOST_FAULTS ? [`And ${plural(faults.length - MOST_FAULTS, "more hook")}.`] : []),
  ];
  if (sentences.length === 0) return null;
  return (
    <ul className="flex flex-col gap-1 sm:col-span-full">
      {sentences.map((sentence) => (
        <li key={sentence} className="flex items-start gap-1.5">
          <TriangleAlert size={14} aria-hidden className="mt-0.5 shrink-0 text-warn" />
          <span className="min-w-0 break-words">{sentence}</span>
        </li>
      ))}
    </ul>
  );
}
