/** The columns of the trace list: head, width, and what a cell shows. */
import { Link } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { TraceSummary } from "@/api/types";
import { formatMs } from "@/format/duration";
import { formatCompact, formatCount } from "@/format/number";
import { formatAgo, formatExact, formatShortDay, formatTime } from "@/format/time";
import { classes } from "@/widgets/classes";

export type CellContext = { trace: TraceSummary; /** The longest duration listed, in ms. */ longest: number };

export type Column = {
  id: string;
  head: string;
  /** Class of its width; the one column without takes what is left. */
  width?: string;
  /** Class that takes the column away where the window is narrow. */
  hide?: string;
  right?: boolean;
  /** Shown only when it is asked for. */
  optional?: true;
  sort?: "start_time" | "duration";
  cell: (context: CellContext) => ReactNode;
};

const Dim = ({ children }: { children: ReactNode }) => <span className="text-ink-faint">{children}</span>;

export const COLUMNS: Column[] = [
  { id: "start", head: "Start", width: "w-[148px] max-sm:w-[82px]", sort: "start_time", cell: ({ trace }) => <Start stamp={trace.start_time} /> },
  { id: "trace", head: "Trace", cell: ({ trace }) => <Name trace={trace} /> },
  { id: "service", head: "Service", width: "w-[140px] max-lg:w-[116px]", hide: "max-sm:hidden", cell: ({ trace }) => <Services trace={trace} /> },
  { id: "model", head: "Model", width: "w-[184px]", hide: "max-lg:hidden", cell: ({ trace }) => <Models models={trace.models} /> },
  { id: "status", head: "Status", width: "w-[76px]", hide: "max-sm:hidden", cell: ({ trace }) => <Status status={trace.status} /> },
  { id: "duration", head: "Duration", width: "w-[156px] max-lg:w-[84px] max-lg:text-right max-sm:w-[76px]", sort: "duration", cell: (context) => <Duration {...context} /> },
  {
    id: "ttft",
    head: "TTFT",
    width: "w-[82px]",
    hide: "max-md:hidden",
    right: true,
    cell: ({ trace }) => (trace.ttft_ms === null ? <Dim>–</Dim> : formatMs(trace.ttft_ms)),
  },
  {
    id: "tokens",
    head: "Tokens in / out",
    width: "w-[124px]",
    hide: "max-lg:hidden",
    right: true,
    cell: ({ trace }) => <Tokens trace={trace} />,
  },
  {
    id: "spans",
    head: "Spans",
    width: "w-[64px]",
    hide: "max-md:hidden",
    right: true,
    cell: ({ trace }) => formatCompact(trace.span_count),
  },
  {
    id: "errors",
    head: "Errors",
    width: "w-[72px]",
    hide: "max-md:hidden",
    right: true,
    cell: ({ trace }) =>
      trace.error_count === 0 ? <Dim>0</Dim> : <span className="font-medium text-bad">{formatCompact(trace.error_count)}</span>,
  },
  {
    id: "id",
    head: "Trace id",
    width: "w-[264px]",
    hide: "max-sm:hidden",
    optional: true,
    cell: ({ trace }) => <span className="font-mono text-sm text-ink-muted">{trace.trace_id}</span>,
  },
];

/** What is shown when nobody has chosen. */
const USUAL = COLUMNS.filter(({ optional }) => !optional).map(({ id }) => id);

/** The columns that an address names; the trace's own is always among them. */
export function columnsOf(names: string | undefined): Column[] {
  const wanted = new Set(names?.split(",") ?? USUAL);
  return COLUMNS.filter(({ id }) => id === "trace" || wanted.has(id));
}

/** Show a column or not, as an address says it. */
export function withColumn(names: string | undefined, id: string, shown: boolean): string | undefined {
  const next = COLUMNS.filter((column) => (column.id === id ? shown : columnsOf(names).includes(column))).map((column) => column.id);
  return next.join() === USUAL.join() ? undefined : next.join();
}

function Start({ stamp }: { stamp: string }) {
  const day = formatShortDay(new Date(stamp));
  return (
    <span title={`${formatExact(stamp)} · ${formatAgo(stamp)}`} className="text-ink-muted">
      {day && <span className="mr-1.5 max-sm:hidden">{day}</span>}
      {formatTime(stamp).slice(0, 8)}
      <span className="max-sm:hidden">{formatTime(stamp).slice(8)}</span>
    </span>
  );
}

/** The name is the row's link; its area is the whole row. */
const Name = ({ trace }: { trace: TraceSummary }) => (
  <Link
    to="/traces/$traceId"
    params={{ traceId: trace.trace_id }}
    title={trace.name}
    className="block truncate font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
  >
    {trace.status === "error" && <CircleAlert size={13} aria-label="Error" className="mr-1.5 inline align-[-2px] text-bad sm:hidden" />}
    {trace.name}
    {trace.setup && <SetUp />}
  </Link>
);

/** Beside the name of a trace that makes ready: the charts do not count it. */
export const SetUp = () => (
  <span title="Set-up: it serves no request, and is not counted as one" className="ml-2 text-xs font-normal text-ink-faint">
    set-up
  </span>
);

function Services({ trace }: { trace: TraceSummary }) {
  const others = trace.services.filter((service) => service !== trace.service_name);
  return (
    <span title={trace.services.join(", ")} className="flex items-baseline gap-1.5">
      <span className="truncate">{trace.service_name}</span>
      {others.length > 0 && <More count={others.length} />}
    </span>
  );
}

const More = ({ count }: { count: number }) => <span className="shrink-0 text-xs text-ink-faint">+{count}</span>;

function Models({ models }: { models: string[] }) {
  const [first] = models;
  if (!first) return <Dim>–</Dim>;
  return (
    <span title={models.join(", ")} className="flex items-baseline gap-1.5">
      <span className="truncate">{first.split("/").at(-1)}</span>
      {models.length > 1 && <More count={models.length - 1} />}
    </span>
  );
}

export const Status = ({ status }: { status: "ok" | "error" }) =>
  status === "error" ? (
    <span className="flex items-center gap-1.5 font-medium text-bad">
      <CircleAlert size={13} aria-hidden /> Error
    </span>
  ) : (
    <span className="flex items-center gap-1.5 text-ink-muted">
      <span className="mx-[3px] size-[7px] rounded-full bg-good" /> OK
    </span>
  );

function Duration({ trace, longest }: CellContext) {
  const share = longest > 0 ? trace.duration_ms / longest : 0;
  return (
    <span className="flex items-center gap-2.5">
      <span className="w-[58px] shrink-0 text-right max-lg:w-full">{formatMs(trace.duration_ms)}</span>
      <span aria-hidden className="h-1.5 flex-1 overflow-hidden rounded-full bg-raised max-lg:hidden">
        <span
          className={classes("block h-full min-w-[2px] rounded-full", trace.status === "error" ? "bg-bad" : "bg-series-1")}
          style={{ width: `${share * 100}%` }}
        />
      </span>
    </span>
  );
}

const Tokens = ({ trace: { input_tokens, output_tokens } }: { trace: TraceSummary }) =>
  input_tokens + output_tokens === 0 ? (
    <Dim>–</Dim>
  ) : (
    <span title={`${formatCount(input_tokens)} in, ${formatCount(output_tokens)} out`}>
      {formatCompact(input_tokens)} <Dim>/</Dim> {formatCompact(output_tokens)}
    </span>
  );
