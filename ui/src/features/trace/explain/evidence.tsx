/** What says so: spans to select, steps to go to, traces to open, counted values. */
import { Link } from "@tanstack/react-router";
import { ArrowUpRight } from "lucide-react";
import type { ReactNode } from "react";
import { formatMs, formatNs } from "@/format/duration";
import { formatCount, plural } from "@/format/number";
import type { Tree } from "../tree";
import { type Part, worthSaying, writeCounter } from "./causes";

export type Goto = {
  onSpan: (spanId: string) => void;
  /** Show a stretch of the axis, ns from the start of the trace, and a span. */
  onSteps: (start: number, length: number, spanId: string | undefined) => void;
};

type Evidence = Part["evidence"];

const CHIP = "inline-flex max-w-56 items-center gap-1 rounded border border-line bg-surface px-1.5 text-xs leading-[18px] whitespace-nowrap tabular";
const ACTIVE = `${CHIP} text-accent hover:border-accent`;
const VALUE = "inline-flex max-w-56 px-1 text-xs leading-5 whitespace-nowrap text-ink-muted tabular";
const SPANS = 3;
const MATES = 4;

export function EvidenceList({ evidence, tree, onSpan, onSteps }: { evidence: Evidence; tree: Tree } & Goto) {
  const { spans, steps, mates, traces, counters, attributes } = evidence;
  return (
    <div className="flex flex-wrap gap-1">
      {spans.slice(0, SPANS).map(({ span_id: id, duration_ns: ns }) => (
        <button key={id} type="button" onClick={() => onSpan(id)} title="Select the span" className={ACTIVE}>
          <span className="truncate">{tree.spans[tree.indexOf.get(id) ?? -1]?.name ?? id.slice(0, 8)}</span> <Faint>{formatNs(ns)}</Faint>
        </button>
      ))}
      <More count={evidence.span_count - Math.min(spans.length, SPANS)} noun="span" />
      {steps.map((own) => (
        <button
          key={own.engine_id}
          type="button"
          onClick={() => onSteps(own.slowest_offset_ns, own.slowest_ns, spans[0]?.span_id)}
          title={`${plural(own.count, "step")} of ${own.engine_id}; go to the slowest, ${own.slowest}: ${formatNs(own.slowest_ns)}`}
          className={ACTIVE}
        >
          {own.count === 1 ? `step ${formatCount(own.first)}` : `${formatCount(own.count)} steps ${formatCount(own.first)}–${formatCount(own.last)}`}
        </button>
      ))}
      {mates.slice(0, MATES).map((mate) => (
        <Mate key={mate.request_id} mate={mate} />
      ))}
      <More count={evidence.mate_count - Math.min(mates.length, MATES)} noun="request" />
      {traces.map(({ trace_id: traceId, span_id: span }) => (
        <Link key={traceId} to="/traces/$traceId" params={{ traceId }} search={{ span }} title="Open the trace" className={ACTIVE}>
          <ArrowUpRight size={11} aria-hidden /> trace {traceId.slice(0, 8)}
        </Link>
      ))}
      {worthSaying(counters).map(([name, value]) => (
        <span key={name} title={`${name} = ${value}`} className={VALUE}>
          {writeCounter(name, value, formatMs)}
        </span>
      ))}
      {Object.entries(attributes).map(([name, value]) => (
        <span key={name} title={`${name} = ${value}`} className={VALUE}>
          <span className="truncate">{value}</span>
        </span>
      ))}
    </div>
  );
}

function Mate({ mate }: { mate: Evidence["mates"][number] }) {
  const { trace_id: traceId, span_id: span, request_id: id } = mate;
  const tokens = mate.prefill_tokens > 0 ? `${formatCount(mate.prefill_tokens)} prompt tokens` : formatNs(mate.duration_ns);
  const text = (
    <>
      <span className="truncate">{traceId ? traceId.slice(0, 8) : id}</span> <Faint>{tokens}</Faint>
    </>
  );
  if (!traceId)
    return (
      <span title={`Request ${id}; its trace is not known`} className={CHIP}>
        {text}
      </span>
    );
  return (
    <Link to="/traces/$traceId" params={{ traceId }} search={span ? { span } : {}} title={`Open trace ${traceId} of request ${id}`} className={ACTIVE}>
      <ArrowUpRight size={11} aria-hidden className="shrink-0" />
      {text}
    </Link>
  );
}

const More = ({ count, noun }: { count: number; noun: string }) => count > 0 && <span className={`${CHIP} text-ink-muted`}>+{plural(count, noun)}</span>;

const Faint = ({ children }: { children: ReactNode }) => <span className="text-ink-muted">{children}</span>;
