/** Who the trace is: name, status, its figures, and ways to pass it on. */
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowLeft, ArrowUp, Download, Hash, Link2 } from "lucide-react";
import type { ReactNode } from "react";
import { traceFile } from "@/api/downloads";
import type { TraceDetail } from "@/api/types";
import { formatMs } from "@/format/duration";
import { formatCompact, formatCount } from "@/format/number";
import { formatAgo, formatExact, formatShortDay, formatTime } from "@/format/time";
import { buttonClasses, IconButton } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { CopyButton } from "@/widgets/copy-button";
import { Tip } from "@/widgets/tip";
import { SetUp, Status } from "../traces/columns";
import { rememberedSearch } from "../traces/recall";
import { DeleteButton } from "./delete";
import type { Neighbours } from "./neighbours";

type HeaderProps = {
  trace: TraceDetail;
  link: () => string;
  neighbours: Neighbours;
  onErrors: () => void;
};

export function Header({ trace, link, neighbours, onErrors }: HeaderProps) {
  return (
    <header className="flex flex-col gap-2 border-b border-line bg-surface px-4 pt-2.5 pb-3">
      <div className="flex items-center gap-3 max-sm:flex-wrap max-sm:gap-y-1">
        <Tip label="Back to the list">
          <Link to="/traces" search={rememberedSearch()} aria-label="Back to the list" className={classes(buttonClasses("quiet"), "-ml-1.5 w-7 px-0! pointer-coarse:w-9")}>
            <ArrowLeft size={15} aria-hidden />
          </Link>
        </Tip>
        <h1 title={trace.name} className="min-w-0 truncate text-lg font-semibold tracking-tight max-sm:flex-1 max-sm:basis-40">
          {trace.name}
          {trace.setup && <SetUp />}
        </h1>
        <Status status={trace.status} />
        <div className="ml-auto flex shrink-0 items-center gap-1">
          <code className="mr-1 font-mono text-xs text-ink-faint max-md:hidden" title={trace.trace_id}>
            {trace.trace_id.slice(0, 8)}…
          </code>
          <CopyButton icon={Hash} label="Copy trace id" text={trace.trace_id} />
          <CopyButton icon={Link2} label="Copy link to this view" text={link} />
          <Tip label="Download as OTLP/JSON">
            <a href={traceFile(trace.trace_id)} download aria-label="Download as OTLP/JSON" className={classes(buttonClasses("quiet"), "w-7 px-0! pointer-coarse:w-9 hover:bg-raised hover:text-ink")}>
              <Download size={15} strokeWidth={1.9} aria-hidden />
            </a>
          </Tip>
          <DeleteButton trace={trace} />
          <span className="mx-1 h-4 w-px bg-line" />
          <IconButton icon={ArrowUp} label="Previous trace of the list" shortcut="[" disabled={!neighbours.previous} onClick={neighbours.toPrevious} />
          <IconButton icon={ArrowDown} label="Next trace of the list" shortcut="]" disabled={!neighbours.next} onClick={neighbours.toNext} />
        </div>
      </div>
      <Figures trace={trace} onErrors={onErrors} />
    </header>
  );
}

function Figures({ trace, onErrors }: Pick<HeaderProps, "trace" | "onErrors">) {
  const day = formatShortDay(new Date(trace.start_time));
  const tokens = trace.input_tokens + trace.output_tokens > 0;
  return (
    <dl className="flex flex-wrap gap-x-7 gap-y-1.5 tabular max-lg:gap-x-5">
      <Figure label="Duration" strong>
        {formatMs(trace.duration_ms)}
      </Figure>
      {trace.ttft_ms !== null && (
        <Figure label="Time to first token" strong>
          {formatMs(trace.ttft_ms)}
        </Figure>
      )}
      {tokens && (
        <Figure label="Tokens in / out">
          {formatCount(trace.input_tokens)} <span className="text-ink-faint">/</span> {formatCount(trace.output_tokens)}
        </Figure>
      )}
      <Figure label="Start">
        <span title={`${formatExact(trace.start_time)} · ${formatAgo(trace.start_time)}`}>
          {day} {formatTime(trace.start_time)}
        </span>
      </Figure>
      <Figure label="Service">{trace.service_name}</Figure>
      {trace.models.length > 0 && (
        <Figure label={trace.models.length === 1 ? "Model" : "Models"}>
          <span title={trace.models.join("\n")} className="block max-w-80 truncate max-lg:max-w-44">
            {trace.models.join(", ")}
          </span>
        </Figure>
      )}
      <Figure label="Spans">{formatCount(trace.span_count)}</Figure>
      <Figure label="Errors">
        {trace.error_count === 0 ? (
          "0"
        ) : (
          <button type="button" onClick={onErrors} className="rounded font-medium text-bad underline decoration-bad/40 underline-offset-3 hover:decoration-bad">
            {formatCompact(trace.error_count)}
          </button>
        )}
      </Figure>
    </dl>
  );
}

const Figure = ({ label, strong = false, children }: { label: string; strong?: boolean; children: ReactNode }) => (
  <div>
    <dt className="text-xs text-ink-faint">{label}</dt>
    <dd className={classes(strong && "font-semibold")}>{children}</dd>
  </div>
);
