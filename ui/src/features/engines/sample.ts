/** Steps of an engine for tests. */
import type { Step, StepRider } from "@/api/types";

export const rider = (id: string, scheduled = 1, prefill = 0): StepRider => ({
  request_id: id,
  trace_id: "5b8aa5a2d2c872e8321cf37308d69df2",
  span_id: "051581bf3cb55c13",
  scheduled_tokens: scheduled,
  prefill_tokens: prefill,
  draft_tokens: 0,
  accepted_tokens: 0,
});

/** A step so many ms after seven. */
export const step = (number: number, startMs: number, ms: number, requests: StepRider[], more: Partial<Step> = {}): Step => ({
  engine: { engine_id: "engine-a-0", name: "vllm", version: "0.32.0", model: "llama", service_name: "chat", host: "node", gpu_count: 1 },
  number,
  start_time: new Date(Date.parse("2026-11-23T07:00:00Z") + startMs).toISOString(),
  duration_ms: ms,
  status: "unset",
  status_message: "",
  busy_seconds: ms / 1000,
  schedule_ms: 0.2,
  total_tokens: requests.reduce((sum, { scheduled_tokens: tokens }) => sum + tokens, 0),
  running: requests.length,
  waiting: 0,
  kv_cache_usage: 0.25,
  cuda_graph_mode: null,
  gpu_seconds: ms / 1000,
  energy_j: null,
  preempted_ids: [],
  requests,
  attributes: {},
  ...more,
});
