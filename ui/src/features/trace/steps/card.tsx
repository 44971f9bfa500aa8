/** One engine step in words: its figures and who rode in it. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { TraceSteps } from "@/api/steps";
import type { TraceStep } from "@/api/types";
import { formatMs, formatNs } from "@/format/duration";
import { formatCount, plural } from "@/format/number";
import { formatShare } from "@/format/quantity";
import { classes } from "@/widgets/classes";
import { type Rider, ridersOf, shortId } from "./mates";

/** Riders that fit into a tooltip. */
const FEW = 7;

type CardProps = {
  step: TraceStep;
  request: number;
  data: TraceSteps;
  preempted: boolean;
  color: string;
  /** Makes the riders ways to their spans; without it the card is short. */
  onOwn?: (spanId: string) => void;
};

export function StepCard({ step, request, data, preempted, color, onOwn }: CardProps) {
  const riders = ridersOf(step, request, data);
  const shown = onOwn ? riders : riders.slice(0, FEW);
  const engine = data.engines[step.engine]!;
  return (
    <div className="flex flex-col gap-2 p-3 text-sm tabular">
      <div className="flex items-baseline justify-between gap-4">
        <h3 className="text-base font-semibold">Step {formatCount(step.number)}</h3>
        <span className="font-semibold">{formatMs(step.duration_ms)}</span>
      </div>
      {preempted && <p className="text-bad">Preempted for this step</p>}
      <Figures step={step} own={riders.find((rider) => rider.self)} />
      <Shares riders={riders} color={color} />
      <p aria-hidden className="-mb-1.5 flex justify-between text-xs text-ink-faint">
        <span>In this step</span>
        <span>tokens</span>
      </p>
      <ul aria-label="Requests in this step" className={classes("-mx-1 flex flex-col", onOwn && "max-h-60 overflow-y-auto")} tabIndex={onOwn && riders.length > FEW ? 0 : undefined}>
        {shown.map((rider) => (
          <li key={rider.at} className="flex items-center gap-2 rounded px-1 py-px">
            <RiderName rider={rider} onOwn={onOwn} />
            <RiderTokens rider={rider} />
          </li>
        ))}
      </ul>
      {shown.length < riders.length && <p className="text-ink-faint">and {plural(riders.length - shown.length, "other request")}</p>}
      {onOwn ? (
        <p className="truncate border-t border-line pt-2 text-xs text-ink-faint" title={engine.engine_id}>
          {[`${engine.name} ${engine.version}`, engine.host, `starts at ${formatNs(step.start_offset_ns)}`].filter(Boolean).join(" · ")}
        </p>
      ) : (
        <p className="text-xs text-ink-faint">Click or Enter: the requests' traces</p>
      )}
    </div>
  );
}

const Figures = ({ step, own }: { step: TraceStep; own: Rider | undefined }) => (
  <dl className="grid grid-cols-[auto_1fr_auto_1fr] gap-x-2 gap-y-0.5">
    <Figure label="Batch">{formatCount(step.batch_size)}</Figure>
    <Figure label="Running">{formatCount(step.running)}</Figure>
    <Figure label="Tokens">
      {formatCount(own?.tokens ?? 0)} of {formatCount(step.total_tokens)}
    </Figure>
    <Figure label="Waiting">{formatCount(step.waiting)}</Figure>
    <Figure label="Prefill">{formatShare(step.prefill_share)}</Figure>
    <Figure label="KV cache">{formatShare(step.kv_cache_usage)}</Figure>
    {step.own_draft_tokens > 0 && (
      <Figure label="Drafts">
        {formatCount(step.own_accepted_tokens)} of {formatCount(step.own_draft_tokens)} kept
      </Figure>
    )}
  </dl>
);

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <>
    <dt className="text-ink-faint">{label}</dt>
    <dd>{children}</dd>
  </>
);

/** The step's tokens as one bar, in the colours of the strip. */
function Shares({ riders, color }: { riders: Rider[]; color: string }) {
  const total = riders.reduce((sum, rider) => sum + rider.tokens, 0) || 1;
  const own = riders.find((rider) => rider.self)?.prefill ?? 0;
  const others = riders.reduce((sum, rider) => sum + rider.prefill, 0) - own;
  const width = (tokens: number) => ({ width: `${(tokens / total) * 100}%` });
  return (
    <div aria-hidden className="flex h-1.5 overflow-hidden rounded-full bg-batch">
      {own > 0 && <span className="striped" style={{ ...width(own), backgroundColor: color }} />}
      {others > 0 && <span className="bg-prefill" style={width(others)} />}
    </div>
  );
}

const LINK = "min-w-0 truncate rounded text-accent underline decoration-accent/35 underline-offset-3 hover:decoration-accent";

function RiderName({ rider: { request, self }, onOwn }: { rider: Rider; onOwn: CardProps["onOwn"] }) {
  const { request_id: id, trace_id: traceId, span_id: spanId, own } = request;
  const name = <span className="font-mono text-xs">{shortId(id)}</span>;
  return (
    <>
      {onOwn && !own && traceId ? (
        <Link to="/traces/$traceId" params={{ traceId }} search={spanId ? { span: spanId } : {}} title={id} className={LINK}>
          {name}
        </Link>
      ) : onOwn && own && !self && spanId ? (
        <button type="button" title={id} onClick={() => onOwn(spanId)} className={LINK}>
          {name}
        </button>
      ) : (
        <span title={traceId ? id : `${id} (its trace is not known)`} className="min-w-0 truncate">
          {name}
        </span>
      )}
      {own && <span className="shrink-0 rounded bg-raised px-1.5 text-xs text-ink-muted">{self ? "this request" : "this trace"}</span>}
    </>
  );
}

const RiderTokens = ({ rider: { tokens, prefill, self } }: { rider: Rider }) => (
  <span className="ml-auto flex shrink-0 items-center gap-1.5 pl-2 text-ink-muted">
    {prefill > 0 && (
      <span className="flex items-center gap-1 text-xs">
        <span aria-hidden className={classes("size-2 rounded-[2px]", self ? "striped bg-ink-faint" : "bg-prefill")} />
        prefill
      </span>
    )}
    {formatCount(tokens)}
  </span>
);
