/** Engine steps for tests. */
import type { Engine, StepRequest, TraceStep, TraceStepPage } from "@/api/types";

const MILLI = 1e6;

export const engine: Engine = {
  engine_id: "e-0",
  name: "vllm",
  version: "0.32.0",
  model: "llama",
  service_name: "chat",
  host: "n1",
  gpu_count: 1,
};

/** A request of the trace; its span has the id `span-` and the name. */
export const own = (name: string): StepRequest => ({ request_id: name, trace_id: "t", span_id: `span-${name}`, own: true });

/** A step of a millisecond that starts at `ms`: tokens by place of the request, prompt tokens likewise. */
export function step(
  number: number,
  ms: number,
  tokens: Record<number, number>,
  { prefill = {}, ...rest }: Partial<TraceStep> & { prefill?: Record<number, number> } = {},
): TraceStep {
  const requests = Object.keys(tokens).map(Number);
  return {
    engine: 0,
    number,
    start_time: "2026-11-23T07:39:01.000000000Z",
    start_offset_ns: ms * MILLI,
    duration_ms: 1,
    batch_size: requests.length,
    total_tokens: 0,
    prefill_share: 0,
    own_scheduled_tokens: 0,
    own_prefill_tokens: 0,
    own_draft_tokens: 0,
    own_accepted_tokens: 0,
    energy_j: null,
    own_energy_j: null,
    running: requests.length,
    waiting: 0,
    kv_cache_usage: 0,
    preempted: [],
    requests,
    scheduled_tokens: requests.map((at) => tokens[at]!),
    prefill_tokens: Object.keys(prefill).length > 0 ? requests.map((at) => prefill[at] ?? 0) : [],
    ...rest,
  };
}

export const page = (requests: StepRequest[], steps: TraceStep[], cursor: string | null = null): TraceStepPage => ({
  trace_id: "t",
  start_time: "2026-11-23T07:39:01.000000000Z",
  engines: [engine],
  requests,
  steps,
  next_cursor: cursor,
});
