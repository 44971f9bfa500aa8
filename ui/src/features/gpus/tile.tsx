/** One card as it is now, with its MIG instances. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { GpuSummary } from "@/api/types";
import { formatBytes, formatCelsius, formatMegahertz, formatShare, formatWatts } from "@/format/quantity";
import { formatAgo, formatExact } from "@/format/time";
import type { RangeSearch } from "@/time-range/address";
import { classes } from "@/widgets/classes";
import { Meter } from "@/widgets/meter";
import { slowdowns } from "../gpu/throttle";
import { type Card, shortBus, shortUuid } from "./nodes";

/** Silent for longer than this, a GPU is not live any more. */
const SILENT_MS = 60_000;

type TileProps = { card: Card; search: RangeSearch; now: number };

export function Tile({ card: { uuid, gpu, instances }, search, now }: TileProps) {
  const identity = gpu?.identity ?? instances[0]?.identity;
  const silent = gpu !== undefined && now - Date.parse(gpu.last_seen) > SILENT_MS;
  return (
    <li className="relative flex flex-col gap-3 rounded-lg border border-line bg-surface p-3.5 tabular focus-within:border-accent hover:border-line-strong" data-gpu={uuid}>
      <div className="flex items-start justify-between gap-3">
        <h3 className="min-w-0">
          <Link to="/gpus/$uuid" params={{ uuid }} search={search} title={[gpu?.model, uuid].filter(Boolean).join("\n")} className="block outline-none after:absolute after:inset-0 after:rounded-lg focus-visible:after:outline-2 focus-visible:after:outline-accent">
            <span className="block truncate font-medium">{gpu?.model ?? instances[0]?.model ?? "GPU"}</span>
            <span className="block truncate font-mono text-xs font-normal text-ink-muted">
              {shortUuid(uuid)}
              {identity?.pci_bus_id && <span title="PCI bus"> {shortBus(identity.pci_bus_id)}</span>}
            </span>
          </Link>
        </h3>
        {gpu && <Seen stamp={gpu.last_seen} now={now} silent={silent} />}
      </div>
      <Now gpu={gpu} split={instances.length > 0} />
      {instances.length > 0 && (
        <ul aria-label="MIG instances" className="flex flex-col gap-1 border-t border-line pt-2">
          {instances.map((instance) => (
            <Instance key={instance.resource_uuid} gpu={instance} search={search} />
          ))}
        </ul>
      )}
    </li>
  );
}

const Seen = ({ stamp, now, silent }: { stamp: string; now: number; silent: boolean }) => (
  <span title={formatExact(stamp)} className={classes("flex shrink-0 items-center gap-1.5 text-xs leading-5", silent ? "text-warn" : "text-ink-muted")}>
    <span aria-hidden className={classes("size-[7px] rounded-full", silent ? "bg-warn" : "bg-good")} />
    {formatAgo(stamp, now)}
  </span>
);

/** The last sample; what is not measured is a dash, so that no figure moves another. */
function Now({ gpu, split }: { gpu: GpuSummary | undefined; split: boolean }) {
  const sample = gpu?.sample;
  if (!sample) return <p className="text-sm text-ink-muted">{gpu ? "Named by spans; it sends no metrics" : split ? "Only its instances send metrics" : ""}</p>;
  const { utilization, memory_used_bytes: used, memory_total_bytes: total } = sample;
  return (
    <>
      <dl className="flex flex-col gap-2">
        <Level label="Utilisation" value={utilization === null ? "–" : formatShare(utilization)} share={utilization} />
        <Level label="Memory" value={memoryOf(used, total)} share={used !== null && total ? used / total : null} className="bg-series-3" />
      </dl>
      <dl className="grid grid-cols-3 gap-2">
        <Figure label="Power">{said(sample.power_w, formatWatts)}</Figure>
        <Figure label="Temperature">{said(sample.temperature_c, formatCelsius)}</Figure>
        <Figure label="SM clock">{said(sample.sm_clock_mhz, formatMegahertz)}</Figure>
      </dl>
      <Throttle bits={sample.throttle_reasons} />
    </>
  );
}

const said = (value: number | null, format: (value: number) => string) => (value === null ? "–" : format(value));

/** "54.2 / 80 GiB" */
function memoryOf(used: number | null, total: number | null): string {
  if (used === null) return "–";
  return total ? `${formatBytes(used)} / ${formatBytes(total)}` : formatBytes(used);
}

type LevelProps = { label: string; value: string; share: number | null; className?: string };

const Level = ({ label, value, share, className }: LevelProps) => (
  <div>
    <dt className="float-left text-xs text-ink-muted">{label}</dt>
    <dd className="mb-1 text-right text-sm">{value}</dd>
    <dd aria-hidden>
      <Meter share={share ?? 0} className={className} />
    </dd>
  </div>
);

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="truncate text-xs text-ink-muted">{label}</dt>
    <dd className="truncate">{children}</dd>
  </div>
);

function Throttle({ bits }: { bits: number | null }) {
  const [gravest, ...others] = slowdowns(bits);
  if (!gravest) return <p className="text-xs text-ink-faint">{bits === null ? "Throttling is not measured" : "Not throttled"}</p>;
  const all = [gravest, ...others].map(({ name }) => name);
  return (
    <p title={all.join(", ")} className={classes("truncate text-xs font-medium", gravest.weight === "bad" ? "text-bad" : "text-warn")}>
      Throttled: {all.join(", ")}
    </p>
  );
}

const Instance = ({ gpu, search }: { gpu: GpuSummary; search: RangeSearch }) => (
  <li className="relative z-10 -mx-1.5 rounded px-1.5 py-0.5 hover:bg-raised">
    <Link to="/gpus/$uuid" params={{ uuid: gpu.resource_uuid }} search={search} title={gpu.resource_uuid} className="grid grid-cols-[1fr_48px_84px] items-center gap-2 rounded text-sm">
      <span className="truncate font-mono text-xs">{gpu.mig?.profile ?? shortUuid(gpu.resource_uuid)}</span>
      <span className="text-right">{said(gpu.sample?.utilization ?? null, formatShare)}</span>
      <span className="text-right text-ink-muted">{said(gpu.sample?.memory_used_bytes ?? null, formatBytes)}</span>
    </Link>
  </li>
);
