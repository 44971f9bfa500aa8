"""The attribute names of engines, their steps and their requests; the unit stands beside it."""

from __future__ import annotations

ENGINE_ID = "axonize.engine.id"  # of vLLM its instance id, "-", data-parallel rank
CALLS = "calls-"  # with which the id begins of work without steps
ENGINE_NAME = "axonize.engine.name"
ENGINE_VERSION = "axonize.engine.version"
GPU_COUNT = "axonize.gpu.count"  # devices that work on each step, 0 on a CPU
GPU_ENERGY_J = "axonize.gpu.energy_j"  # J, of all its devices
GPU_ENERGY_SOURCE = "axonize.gpu.energy.source"  # counter, power (integrated), estimated (MIG)
GPU_IDLE_SECONDS = "axonize.gpu.idle_seconds"  # s, time without a step x its devices
GPU_IDLE_ENERGY_J = "axonize.gpu.idle_energy_j"  # J, of all its devices, in that time
GPU_COST_PER_HOUR_USD = "axonize.gpu.cost_per_hour_usd"  # of all its devices
GPU_SECONDS = "axonize.gpu.seconds"  # s, time of the engine x its devices
GPU_RULE = "axonize.gpu.rule"  # "calls": split over calls by time; absent: over steps, by tokens

STEP_NUMBER = "axonize.step.number"  # from 1, in one engine
STEP_REQUEST_IDS = "axonize.step.request_ids"
STEP_TRACE_IDS = "axonize.step.trace_ids"  # "" where unknown
STEP_SPAN_IDS = "axonize.step.span_ids"  # "" where unknown
STEP_SCHEDULED_TOKENS = "axonize.step.scheduled_tokens"
STEP_PREFILL_TOKENS = "axonize.step.prefill_tokens"  # those of them that are prompt tokens
STEP_TOTAL_TOKENS = "axonize.step.total_tokens"
STEP_RUNNING = "axonize.step.running"  # requests, after scheduling
STEP_WAITING = "axonize.step.waiting"  # requests, after scheduling
STEP_KV_CACHE_USAGE = "axonize.step.kv_cache_usage"  # 0 to 1
STEP_SCHEDULE_MS = "axonize.step.schedule_ms"  # ms
STEP_PREEMPTED_IDS = "axonize.step.preempted_ids"
STEP_DRAFT_TOKENS = "axonize.step.draft_tokens"
STEP_ACCEPTED_TOKENS = "axonize.step.accepted_tokens"
STEP_CUDA_GRAPH_MODE = "axonize.step.cuda_graph.mode"
STEP_BUSY_SECONDS = "axonize.step.busy_seconds"  # s, without what overlaps the step before
STEP_GPU_UUIDS = "axonize.step.gpu_uuids"  # GPUs and MIG instances of the engine
STEP_GPU_SHARES = "axonize.step.gpu_shares"  # of a card, 0 unknown; absent for whole GPUs
STEP_ENDED_REQUESTS = "axonize.step.ended_requests"  # since the record before; absent for none

STEP_COUNT = "axonize.step.count"  # steps a request rode in
STEP_FIRST = "axonize.step.first"  # number of the first of them
STEP_LAST = "axonize.step.last"  # number of the last of them
ENGINE_SCHEDULED_TOKENS = "axonize.engine.scheduled_tokens"
ENGINE_PREFILL_TOKENS = "axonize.engine.prefill_tokens"
ENGINE_SECONDS = "axonize.engine.seconds"  # s, a request's share of busy time
KV_CACHE_BLOCKS = "axonize.kv_cache.blocks"  # held at the end
PREEMPTION_COUNT = "axonize.preemption.count"
PREEMPTION_MS = "axonize.preemption.ms"  # ms from each preemption until scheduled again
SPECULATION_DRAFT_TOKENS = "axonize.speculation.draft_tokens"
SPECULATION_ACCEPTED_TOKENS = "axonize.speculation.accepted_tokens"

REQUEST_ID = "axonize.request.id"  # the engine's own, unique in it
CHOICE_INDEX = "axonize.choice.index"  # from 0
CHOICE_OUTPUT_TOKENS = "axonize.choice.output_tokens"  # the sum is the request's usage
LORA_NAME = "axonize.lora.name"
REQUEST_MIN_P = "axonize.request.min_p"
REQUEST_REPETITION_PENALTY = "axonize.request.repetition_penalty"
ENGINE_CLOCK = "axonize.engine.clock"  # how the engine's times became wall time
WORKER_RANK = "axonize.worker.rank"  # among the workers of one engine, from 0
