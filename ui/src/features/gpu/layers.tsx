/** The registry's three layers: the card, what computes on it, and who uses that and did. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { gpuResourceQuery } from "@/api/queries";
import type { GpuContext, GpuResource } from "@/api/types";
import { formatBytes } from "@/format/quantity";
import { formatAgo, formatExact } from "@/format/time";
import type { RangeSearch } from "@/time-range/address";
import { classes } from "@/widgets/classes";
import { useNow } from "@/widgets/now";
import { shortUuid } from "../gpus/nodes";
import { Price } from "./price-form";

type LayersProps = { uuid: string; search: RangeSearch };

/** Nothing until it is read: the charts do not wait for it. */
export function Layers({ uuid, search }: LayersProps) {
  const { data } = useQuery(gpuResourceQuery(uuid));
  if (!data) return null;
  return (
    <section aria-labelledby="layers" className="px-4 pb-6">
      <h2 id="layers" className="mb-1.5 font-semibold">
        Who uses this GPU
      </h2>
      <div className="grid gap-x-8 gap-y-4 rounded-lg border border-line bg-surface p-3.5 md:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,2.4fr)]">
        <Card resource={data} />
        <Computing resource={data} search={search} />
        <Contexts resource={data} />
      </div>
    </section>
  );
}

const Layer = ({ title, children }: { title: string; children: ReactNode }) => (
  <div className="min-w-0">
    <h3 className="mb-1 text-xs font-medium text-ink-muted">{title}</h3>
    {children}
  </div>
);

const NotKnown = () => <p className="text-ink-muted">Not known</p>;

function Card({ resource }: { resource: GpuResource }) {
  const { physical } = resource;
  if (!physical) return <Layer title="Card"><NotKnown /></Layer>;
  return (
    <Layer title="Card">
      <p>{physical.model ?? "Model not known"}</p>
      <code title={physical.physical_uuid} className="block truncate font-mono text-xs text-ink-muted">
        {physical.physical_uuid}
      </code>
      <Price uuid={resource.resource_uuid} card={physical} />
    </Layer>
  );
}

function Computing({ resource, search }: { resource: GpuResource; search: RangeSearch }) {
  const all = resource.physical?.resource_uuids ?? [resource.resource_uuid];
  return (
    <Layer title="Computes on it">
      <ul className="flex flex-col gap-0.5">
        {all.map((uuid) => (
          <li key={uuid} className="flex items-baseline gap-2 font-mono text-xs">
            {uuid === resource.resource_uuid ? (
              <span title={uuid} className="font-medium">{shortUuid(uuid)}</span>
            ) : (
              <Link to="/gpus/$uuid" params={{ uuid }} search={search} title={uuid} className="rounded text-accent hover:underline">
                {shortUuid(uuid)}
              </Link>
            )}
            {uuid === resource.resource_uuid && resource.memory_bytes !== null && <span className="font-sans text-ink-muted">{formatBytes(resource.memory_bytes)}</span>}
          </li>
        ))}
      </ul>
    </Layer>
  );
}

/** As many as before are still of use to someone. */
const MOST_BEFORE = 8;

function Contexts({ resource: { contexts_now: now, contexts_before: before } }: { resource: GpuResource }) {
  const known = [...now, ...before].some(({ service_name }) => service_name);
  // A line that says no more than a host is of metrics alone.
  const telling = (all: GpuContext[]) => (known ? all.filter(({ service_name }) => service_name) : all);
  return (
    <Layer title="Used by">
      <ul className="flex flex-col gap-0.5">
        {telling(now).map((context) => (
          <Context key={keyOf(context)} context={context} isNow />
        ))}
        {telling(before).slice(0, MOST_BEFORE).map((context) => (
          <Context key={keyOf(context)} context={context} />
        ))}
      </ul>
      {telling(before).length > MOST_BEFORE && <p className="mt-1 text-sm text-ink-muted">and {telling(before).length - MOST_BEFORE} before</p>}
    </Layer>
  );
}

const keyOf = ({ host, service_name, environment, label }: GpuContext) => [host, service_name, environment, label].join("\n");

function Context({ context, isNow = false }: { context: GpuContext; isNow?: boolean }) {
  const time = useNow();
  const { service_name: service, host, environment, label, last_seen: last } = context;
  const more = [label, host, environment].filter(Boolean).join(" · ");
  return (
    <li className="flex min-w-0 flex-wrap items-baseline gap-x-2">
      <span aria-hidden className={classes("size-1.5 shrink-0 self-center rounded-full", isNow ? "bg-good" : "bg-line-strong")} />
      <span className={classes("min-w-0 truncate", isNow ? "font-medium" : "text-ink-muted")}>{service ?? "Metrics alone"}</span>
      <span className="min-w-0 truncate text-sm text-ink-muted">{more}</span>
      <span title={formatExact(last)} className="ml-auto text-sm text-ink-muted tabular">
        {isNow ? "now" : formatAgo(last, time)}
      </span>
    </li>
  );
}
