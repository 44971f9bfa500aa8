/** The registry's three layers: the card, what computes on it, and who uses that and did. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { gpuResourceQuery } from "@/api/queries";
import type { GpuContext, GpuResource } from "@/api/types";
import { formatAgo, formatExact } from "@/format/time";
import type { RangeSearch } from "@/time-range/address";
import { classes } from "@/widgets/classes";
import { CopyButton } from "@/widgets/copy-button";
import { useNow } from "@/widgets/now";
import { shortUuid } from "../gpus/nodes";
import { cardFacts, isGone, partFacts } from "./facts";
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
      <div className="grid gap-x-8 gap-y-4 rounded-lg border border-line bg-surface p-3.5 md:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)_minmax(0,2fr)]">
        <Card resource={data} search={search} />
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

function Card({ resource, search }: { resource: GpuResource; search: RangeSearch }) {
  const { physical } = resource;
  if (!physical) return <Layer title="Card"><NotKnown /></Layer>;
  return (
    <Layer title="Card">
      <p>{physical.model ?? "Model not known"}</p>
      <Copied text={physical.physical_uuid} label="Copy the id of the card" className="font-mono text-xs text-ink-muted" />
      <CardFacts card={physical} search={search} />
      <Price uuid={resource.resource_uuid} card={physical} />
    </Layer>
  );
}

/** A text and the button that copies it. */
const Copied = ({ text, label, className }: { text: string; label: string; className?: string }) => (
  <span className="flex min-w-0 items-center">
    <span title={text} className={classes("truncate", className)}>{text}</span>
    <CopyButton text={text} label={label} className="-my-1" />
  </span>
);

type Physical = NonNullable<GpuResource["physical"]>;

function CardFacts({ card, search }: { card: Physical; search: RangeSearch }) {
  const whole = card.resources.find(({ resource_uuid: uuid }) => uuid === card.physical_uuid);
  const facts = cardFacts(card.identity, whole?.memory_bytes ?? null);
  const peers = card.identity?.nvlink_peers ?? [];
  if (facts.length === 0 && peers.length === 0) return null;
  return (
    <dl className="my-1.5 grid grid-cols-[auto_minmax(0,1fr)] items-baseline gap-x-3 gap-y-0.5 text-sm">
      {facts.map(({ label, text, copy }) => (
        <Row key={label} label={label}>
          {copy ? <Copied text={text} label={`Copy: ${label}`} /> : text}
        </Row>
      ))}
      {peers.length > 0 && (
        <Row label="NVLink to">
          <span className="flex flex-wrap gap-x-3">
            {peers.map((uuid) => (
              <Other key={uuid} uuid={uuid} search={search} />
            ))}
          </span>
        </Row>
      )}
    </dl>
  );
}

const Row = ({ label, children }: { label: string; children: ReactNode }) => (
  <>
    <dt className="text-ink-muted">{label}</dt>
    <dd className="min-w-0 break-words tabular">{children}</dd>
  </>
);

const Other = ({ uuid, search, children }: { uuid: string; search: RangeSearch; children?: ReactNode }) => (
  <Link to="/gpus/$uuid" params={{ uuid }} search={search} title={uuid} className="rounded font-mono text-xs text-accent hover:underline">
    {children ?? shortUuid(uuid)}
  </Link>
);

type ResourceProps = { resource: Physical["resources"][number]; isOpen: boolean; isGone: boolean; search: RangeSearch };

/** "3g.40gb MIG-1a2c9d10" and below it what it has of the card. */
function Resource({ resource, isOpen, isGone: gone, search }: ResourceProps) {
  const now = useNow();
  const { resource_uuid: uuid, mig, memory_bytes: memory, last_seen: last } = resource;
  const facts = gone ? `last seen ${formatAgo(last, now)}` : partFacts(mig, memory);
  return (
    <li className="min-w-0">
      <p className="flex flex-wrap items-baseline gap-x-2">
        {mig?.profile && <span className={isOpen ? "font-medium" : undefined}>{mig.profile}</span>}
        {isOpen ? <span title={uuid} className="font-mono text-xs font-medium">{shortUuid(uuid)}</span> : <Other uuid={uuid} search={search} />}
      </p>
      {facts && <p className="text-sm text-ink-muted tabular">{facts}</p>}
    </li>
  );
}

function Computing({ resource, search }: { resource: GpuResource; search: RangeSearch }) {
  const all = resource.physical?.resources ?? [resource];
  return (
    <Layer title="Computes on it">
      <ul className="flex flex-col gap-1.5">
        {all.map((each) => (
          <Resource key={each.resource_uuid} resource={each} isOpen={each.resource_uuid === resource.resource_uuid} isGone={isGone(each, all)} search={search} />
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
