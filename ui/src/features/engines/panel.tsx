/** One step in full: its figures, and its requests with the way to their traces. */
import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, X } from "lucide-react";
import type { ReactNode } from "react";
import type { Step, StepRider } from "@/api/types";
import { formatMs } from "@/format/duration";
import { formatCount, plural } from "@/format/number";
import { formatShare } from "@/format/quantity";
import { formatExact, formatTime } from "@/format/time";
import { IconButton } from "@/widgets/button";
import { prefillOf } from "./steps";

type PanelProps = { number: number; step: Step | undefined; onMove: (by: number) => void; onClose: () => void };

export function Panel({ number, step, onMove, onClose }: PanelProps) {
  return (
    <aside
      aria-label="Selected step"
      className="flex w-96 shrink-0 flex-col border-l border-line bg-surface max-lg:absolute max-lg:inset-x-0 max-lg:bottom-0 max-lg:z-20 max-lg:max-h-[55%] max-lg:w-auto max-lg:border-t max-lg:shadow-float"
    >
      <div className="flex h-11 shrink-0 items-center gap-1 border-b border-line pr-2 pl-4">
        <h2 className="mr-auto font-semibold">Step {formatCount(number)}</h2>
        <IconButton icon={ChevronLeft} label="Previous step" shortcut="k" onClick={() => onMove(-1)} />
        <IconButton icon={ChevronRight} label="Next step" shortcut="j" onClick={() => onMove(1)} />
        <IconButton icon={X} label="Close" shortcut="Esc" onClick={onClose} />
      </div>
      <div tabIndex={0} role="region" aria-label="Details of the step" className="min-h-0 flex-1 overflow-y-auto p-4 focus-visible:outline-offset-[-2px]">
        {step ? <Details step={step} /> : <p className="text-ink-muted">This step is not among those shown.</p>}
      </div>
    </aside>
  );
}

function Details({ step }: { step: Step }) {
  return (
    <div className="flex flex-col gap-4 tabular">
      {step.status === "error" && <p className="rounded-md bg-bad-soft px-2.5 py-1.5 text-sm text-bad">{step.status_message || "The engine died in this step"}</p>}
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2">
        <Figure label="Start">
          <span title={formatExact(step.start_time)}>{formatTime(step.start_time)}</span>
        </Figure>
        <Figure label="Duration">{formatMs(step.duration_ms)}</Figure>
        <Figure label="Tokens">{formatCount(step.total_tokens)}</Figure>
        <Figure label="of them prefill">{formatCount(prefillOf(step))}</Figure>
        <Figure label="Running">{formatCount(step.running)}</Figure>
        <Figure label="Waiting">{formatCount(step.waiting)}</Figure>
        <Figure label="KV cache">{formatShare(step.kv_cache_usage)}</Figure>
        <Figure label="Scheduling">{formatMs(step.schedule_ms)}</Figure>
        {step.cuda_graph_mode && <Figure label="CUDA graph">{step.cuda_graph_mode}</Figure>}
      </dl>
      <section>
        <h3 className="mb-1 flex justify-between text-xs text-ink-muted">
          <span>{plural(step.requests.length, "request")}</span>
          <span>tokens</span>
        </h3>
        <ul aria-label="Requests of the step" className="flex flex-col">
          {step.requests.map((rider) => (
            <Rider key={rider.request_id} rider={rider} />
          ))}
        </ul>
      </section>
      {step.preempted_ids.length > 0 && (
        <section>
          <h3 className="mb-1 text-xs text-ink-muted">Preempted for this step</h3>
          <ul className="flex flex-col gap-1">
            {step.preempted_ids.map((id) => (
              <li key={id} title={id} className="truncate font-mono text-xs text-bad">
                {id}
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <div>
    <dt className="text-xs text-ink-muted">{label}</dt>
    <dd>{children}</dd>
  </div>
);

function Rider({ rider: { request_id: id, trace_id: traceId, span_id: span, scheduled_tokens: tokens, prefill_tokens: prefill } }: { rider: StepRider }) {
  return (
    <li className="flex items-center gap-2 border-b border-line py-1">
      {traceId ? (
        <Link to="/traces/$traceId" params={{ traceId }} search={span ? { span } : {}} title={id} className="min-w-0 truncate rounded font-mono text-xs text-accent hover:underline">
          {id}
        </Link>
      ) : (
        <span title={`${id} (its trace is not known)`} className="min-w-0 truncate font-mono text-xs">
          {id}
        </span>
      )}
      <span className="ml-auto flex shrink-0 items-center gap-1.5">
        {prefill > 0 && (
          <span className="flex items-center gap-1 text-xs text-ink-muted">
            <span aria-hidden className="size-2 rounded-[2px] bg-prefill" /> prefill
          </span>
        )}
        {formatCount(tokens)}
      </span>
    </li>
  );
}
