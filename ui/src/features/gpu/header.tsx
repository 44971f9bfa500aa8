/** Which GPU it is, and what its counters come to. */
import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import type { GpuPoint, GpuSummary } from "@/api/types";
import { formatCount } from "@/format/number";
import { formatJoules } from "@/format/quantity";
import { formatAgo, formatExact } from "@/format/time";
import type { RangeSearch } from "@/time-range/address";
import { buttonClasses } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { CopyButton } from "@/widgets/copy-button";
import { useNow } from "@/widgets/now";
import { Tip } from "@/widgets/tip";
import { shortUuid } from "../gpus/nodes";
import { energyOf, lastOf } from "./charts";
import { ChargedFigures } from "./cost";

type HeaderProps = {
  uuid: string;
  gpu: GpuSummary | undefined;
  /** MIG instances of it. */
  instances: GpuSummary[];
  points: GpuPoint[];
  search: RangeSearch;
  children: ReactNode;
};

export function Header({ uuid, gpu, instances, points, search, children }: HeaderProps) {
  return (
    <header className="flex flex-col gap-2 border-b border-line bg-surface px-4 pt-2.5 pb-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Tip label="All GPUs">
          <Link to="/gpus" search={search} aria-label="All GPUs" className={classes(buttonClasses("quiet"), "-ml-1.5 w-7 px-0!")}>
            <ArrowLeft size={15} aria-hidden />
          </Link>
        </Tip>
        <h1 className="min-w-0 truncate text-lg font-semibold tracking-tight">{gpu?.model ?? "GPU"}</h1>
        <span className="flex min-w-0 items-center">
          <code title={uuid} className="truncate font-mono text-xs text-ink-muted">
            {shortUuid(uuid)}
          </code>
          <CopyButton text={uuid} label="Copy the id" />
        </span>
        <div className="ml-auto flex items-center gap-1">{children}</div>
      </div>
      <Figures uuid={uuid} gpu={gpu} instances={instances} points={points} search={search} />
    </header>
  );
}

function Figures({ uuid, gpu, instances, points, search }: Omit<HeaderProps, "children">) {
  const now = useNow();
  const energy = energyOf(points);
  const [xid, broken] = [lastOf(points, "xid_last"), lastOf(points, "ecc_uncorrected")];
  const parent = gpu?.physical_uuid && gpu.physical_uuid !== uuid ? gpu.physical_uuid : undefined;
  return (
    <dl className="flex flex-wrap gap-x-7 gap-y-1.5 tabular max-lg:gap-x-5">
      <Figure label="Node">{gpu?.host ?? "–"}</Figure>
      <Figure label={search.from ? "Last seen in the range" : "Last seen"}>{gpu ? <span title={formatExact(gpu.last_seen)}>{formatAgo(gpu.last_seen, now)}</span> : "–"}</Figure>
      <Figure label="Energy in the range">{energy === undefined ? "–" : formatJoules(energy)}</Figure>
      <ChargedFigures uuid={uuid} search={search} />
      {gpu?.sample?.power_source && <Figure label="Power is">{gpu.sample.power_source}</Figure>}
      {xid ? <Figure label="Last XID error"><span className="font-medium text-bad">{xid}</span></Figure> : null}
      {broken ? <Figure label="Uncorrected ECC errors"><span className="font-medium text-bad">{formatCount(broken)}</span></Figure> : null}
      {parent && (
        <Figure label="MIG instance of">
          <Other uuid={parent} search={search} />
        </Figure>
      )}
      {instances.length > 0 && (
        <Figure label="MIG instances">
          <span className="flex flex-wrap gap-x-3">
            {instances.map(({ resource_uuid: id }) => (
              <Other key={id} uuid={id} search={search} />
            ))}
          </span>
        </Figure>
      )}
    </dl>
  );
}

const Other = ({ uuid, search }: { uuid: string; search: RangeSearch }) => (
  <Link to="/gpus/$uuid" params={{ uuid }} search={search} title={uuid} className="rounded font-mono text-xs text-accent hover:underline">
    {shortUuid(uuid)}
  </Link>
);

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <div>
    <dt className="text-xs text-ink-faint">{label}</dt>
    <dd>{children}</dd>
  </div>
);
