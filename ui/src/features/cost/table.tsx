/** A row for each model, service or GPU; on a narrow screen its lesser figures stand under its name. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CostGroup, CostGrouping } from "@/api/types";
import { changeOf } from "@/format/change";
import { formatEnergy, formatGpuTime, formatUsd } from "@/format/money";
import { formatCompact, formatCount } from "@/format/number";
import { formatShare } from "@/format/quantity";
import type { RangeSearch } from "@/time-range/address";
import { classes } from "@/widgets/classes";
import { shortUuid } from "../gpus/nodes";
import { type Bar, barsOf, callShareOf, gapsOf, idleShareOf, joulesOf, secondsOf, usdOf } from "./amounts";
import { BusyBar } from "./bar";
import { ByCalls } from "./by-calls";

type CostTableProps = { groups: CostGroup[]; by: CostGrouping; range: RangeSearch };

const NAMES = { model: "Model", service: "Service", gpu: "GPU" };

const known = (value: number | null | undefined, write: (value: number) => string) =>
  value === null || value === undefined ? <span className="text-ink-faint">–</span> : write(value);

type Column = { name: string; hint?: string; from: string; cell: (group: CostGroup) => ReactNode };

const WIDE = "max-xl:hidden";
const MIDDLE = "max-md:hidden";

const COLUMNS: Column[] = [
  { name: "Cost", from: "", cell: ({ now }) => known(usdOf(now), formatUsd) },
  { name: "Idle", hint: "Cost of idle time", from: "max-sm:hidden", cell: ({ now }) => known(now.idle_usd, formatUsd) },
  { name: "GPU time", hint: "Busy and idle", from: MIDDLE, cell: ({ now }) => formatGpuTime(secondsOf(now)) },
  { name: "Energy", hint: "Busy and idle", from: "max-sm:hidden", cell: ({ now }) => known(joulesOf(now), formatEnergy) },
  { name: "Requests", from: WIDE, cell: ({ now }) => formatCount(now.requests) },
  { name: "Tokens", hint: "Prompt tokens read and tokens made", from: MIDDLE, cell: ({ now }) => formatCompact(now.tokens) },
  { name: "J / 1k tokens", hint: "With idle joules", from: WIDE, cell: ({ now }) => known(now.energy_j_per_1k_tokens, formatEnergy) },
  { name: "$ / 1M tokens", hint: "With idle cost", from: MIDDLE, cell: ({ now }) => known(now.usd_per_1m_tokens, formatUsd) },
  { name: "Change", hint: "Of cost, else of GPU time, against the time before", from: WIDE, cell: ({ now, previous }) => change(now, previous) },
];

const change = (now: CostGroup["now"], previous: CostGroup["previous"]) =>
  changeOf({ value: usdOf(now), before: usdOf(previous) })?.text ?? changeOf({ value: secondsOf(now), before: secondsOf(previous) })?.text ?? <span className="text-ink-faint">new</span>;

const CELL = "border-b border-line px-3 py-2 align-top";

export function CostTable({ groups, by, range }: CostTableProps) {
  const bars = barsOf(groups);
  const longest = Math.max(0, ...bars.map(({ busy, idle }) => busy + idle));
  return (
    <table aria-label="Costs" className="w-full border-separate border-spacing-0 tabular">
      <thead>
        <tr className="text-xs text-ink-muted">
          <th scope="col" className={classes(CELL, "pl-4 text-left font-medium")}>
            {NAMES[by]}
          </th>
          {COLUMNS.map(({ name, hint, from }) => (
            <th key={name} scope="col" title={hint} className={classes(CELL, from, "text-right font-medium whitespace-nowrap last:pr-4")}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {groups.map((group, index) => (
          <Row key={group.key ?? ""} group={group} bar={bars[index]!} longest={longest} by={by} range={range} />
        ))}
      </tbody>
    </table>
  );
}

type RowProps = { group: CostGroup; bar: Bar; longest: number; by: CostGrouping; range: RangeSearch };

function Row({ group, bar, longest, by, range }: RowProps) {
  const [idle, calls] = [idleShareOf(group.now), callShareOf(group.now)];
  return (
    <tr className="hover:bg-raised/60">
      <th scope="row" className={classes(CELL, "w-2/5 pl-4 text-left font-normal max-sm:w-full")}>
        <span className="flex items-baseline justify-between gap-3">
          <Name group={group} by={by} range={range} />
          <span className="flex shrink-0 items-baseline gap-2 text-xs text-ink-muted">
            {calls !== undefined && <ByCalls share={calls} />}
            {idle !== undefined && `${formatShare(idle)} idle`}
          </span>
        </span>
        <span className="mt-1.5 block">
          <BusyBar bar={bar} longest={longest} />
        </span>
        <Notes group={group} />
      </th>
      {COLUMNS.map(({ name, from, cell }) => (
        <td key={name} className={classes(CELL, from, "text-right whitespace-nowrap last:pr-4")}>
          {cell(group)}
        </td>
      ))}
    </tr>
  );
}

function Name({ group: { key }, by, range }: Pick<RowProps, "group" | "by" | "range">) {
  if (key === null) return <span className="text-ink-muted">Not known</span>;
  const look = "min-w-0 truncate rounded font-medium hover:text-accent hover:underline";
  if (by === "gpu")
    return (
      <Link to="/gpus/$uuid" params={{ uuid: key }} search={range} title={key} className={classes(look, "font-mono")}>
        {shortUuid(key)}
      </Link>
    );
  return (
    <Link to="/traces" search={{ ...range, [by]: key }} title={key} className={look}>
      {by === "model" ? key.split("/").at(-1) : key}
    </Link>
  );
}

/** What the columns that have no room here say, and what is not known. */
function Notes({ group }: { group: CostGroup }) {
  const { now } = group;
  const said = [
    formatGpuTime(secondsOf(now)),
    ...(joulesOf(now) === undefined ? [] : [formatEnergy(joulesOf(now)!)]),
    ...(now.usd_per_1m_tokens === null ? [] : [`${formatUsd(now.usd_per_1m_tokens)} / 1M tokens`]),
  ];
  const gaps = [...gapsOf(group), ...(group.energy_sources.includes("estimated") ? ["joules of MIG instances are estimated"] : [])];
  return (
    <>
      <span className="mt-1 block text-xs text-ink-muted sm:hidden">{said.join(" · ")}</span>
      {gaps.length > 0 && <span className="mt-1 block text-xs text-warn">{gaps.join(", ")}</span>}
    </>
  );
}
