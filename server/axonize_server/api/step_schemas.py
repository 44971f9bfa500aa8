"""What the wire carries of engine steps; durations are ms as floats unless the name says else."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server import steps
from axonize_server.api.schemas import Cursor, SpanId, Time, TraceId
from axonize_server.api.times import format_time
from axonize_server.model import AttributeValue, SpanStatus
from axonize_server.steps import Engine, StepRequest

Joules = Annotated[
    float | None, Meta(description="J, of all GPUs of the engine; null when not measured.")
]


class StepRider(msgspec.Struct, frozen=True):
    """A request in a step; ids are null when unknown."""

    request_id: str
    trace_id: TraceId | None
    span_id: SpanId | None
    scheduled_tokens: int
    prefill_tokens: Annotated[int, Meta(description="How many of them are prompt tokens.")]
    draft_tokens: int
    accepted_tokens: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an engine and the requests in it, in the scheduler's order."""

    engine: Engine
    number: int
    start_time: Time
    duration_ms: float
    status: Annotated[SpanStatus, Meta(description="`error`: the engine died in this step.")]
    status_message: str
    busy_seconds: Annotated[float, Meta(description="Time that belongs to this step alone, s.")]
    schedule_ms: float
    total_tokens: int
    running: int
    waiting: int
    kv_cache_usage: Annotated[float, Meta(description="Share of the KV blocks in use, 0 to 1.")]
    cuda_graph_mode: str | None
    gpu_seconds: float
    energy_j: Joules
    preempted_ids: list[str]
    requests: list[StepRider]
    attributes: dict[str, AttributeValue]


class StepPage(msgspec.Struct, frozen=True):
    """One page of steps, newest first."""

    items: list[Step]
    next_cursor: Cursor


class EngineSummary(Engine, frozen=True, kw_only=True):
    """An engine and its steps in the range."""

    step_count: int
    first_seen: Time
    last_seen: Time


class EngineList(msgspec.Struct, frozen=True):
    """Engines, the last seen first."""

    items: list[EngineSummary]


class TraceStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step that requests of the trace rode in, or were preempted for.

    What is named own counts the requests of the trace alone.
    """

    engine: Annotated[int, Meta(description="Index into `engines`.")]
    number: int
    start_time: Time
    start_offset_ns: Annotated[
        int, Meta(description="From the start of the trace; below 0 when clocks differ.")
    ]
    duration_ms: float
    batch_size: int
    total_tokens: int
    prefill_share: Annotated[
        float, Meta(description="Prompt tokens among the scheduled tokens of all, 0 to 1.")
    ]
    own_scheduled_tokens: int
    own_prefill_tokens: int
    own_draft_tokens: int
    own_accepted_tokens: int
    energy_j: Joules
    own_energy_j: Joules
    running: int
    waiting: int
    kv_cache_usage: Annotated[float, Meta(description="Share of the KV blocks in use, 0 to 1.")]
    preempted: Annotated[
        list[int],
        Meta(
            description="Indices into `requests`: those of the trace that were preempted for this"
            " step, in which they do not ride."
        ),
    ]
    requests: Annotated[list[int], Meta(description="Indices into `requests`, own ones too.")]
    scheduled_tokens: Annotated[list[int], Meta(description="Of each of `requests`.")]
    prefill_tokens: Annotated[
        list[int], Meta(description="Of each of `requests`; empty when nobody has any.")
    ]


class TraceStepPage(msgspec.Struct, frozen=True):
    """Steps of a trace by start; each names its engine and its requests by index."""

    trace_id: TraceId
    start_time: Annotated[Time, Meta(description="Start of the trace.")]
    engines: list[Engine]
    requests: list[StepRequest]
    steps: list[TraceStep]
    next_cursor: Cursor


def step(found: steps.StepRecord) -> Step:
    """Write a step for the wire."""
    return Step(
        engine=found.engine,
        number=found.number,
        start_time=format_time(found.start_ns),
        duration_ms=(found.end_ns - found.start_ns) / 1e6,
        status=found.status,
        status_message=found.status_message,
        busy_seconds=found.busy_seconds,
        schedule_ms=found.schedule_ms,
        total_tokens=found.total_tokens,
        running=found.running,
        waiting=found.waiting,
        kv_cache_usage=found.kv_cache_usage,
        cuda_graph_mode=found.cuda_graph_mode or None,
        gpu_seconds=found.gpu_seconds,
        energy_j=found.energy_j or None,
        preempted_ids=found.preempted_ids,
        requests=_riders(found),
        attributes=found.attributes,
    )


def _riders(found: steps.StepRecord) -> list[StepRider]:
    none = [0] * len(found.request_ids)
    rows = zip(
        found.request_ids,
        (trace_id or None for trace_id in found.trace_ids),
        (span_id or None for span_id in found.span_ids),
        found.scheduled_tokens,
        found.prefill_tokens,
        found.draft_tokens or none,
        found.accepted_tokens or none,
        strict=True,
    )
    return [StepRider(*row) for row in rows]


def engine(found: steps.EngineRecord) -> EngineSummary:
    """Write an engine for the wire."""
    described = {name: getattr(found, name) for name in Engine.__struct_fields__}
    return EngineSummary(
        **described,
        step_count=found.step_count,
        first_seen=format_time(found.first_ns),
        last_seen=format_time(found.last_ns),
    )


def trace_steps(trace_id: str, found: steps.TraceSteps, next_cursor: str | None) -> TraceStepPage:
    """Write the steps of a trace for the wire."""
    return TraceStepPage(
        trace_id=trace_id,
        start_time=format_time(found.start_ns),
        engines=found.engines,
        requests=found.requests,
        steps=[_trace_step(each, found.start_ns) for each in found.steps],
        next_cursor=next_cursor,
    )


def _trace_step(found: steps.TraceStep, trace_start_ns: int) -> TraceStep:
    return TraceStep(
        engine=found.engine,
        number=found.number,
        start_time=format_time(found.start_ns),
        start_offset_ns=found.start_ns - trace_start_ns,
        duration_ms=(found.end_ns - found.start_ns) / 1e6,
        batch_size=len(found.requests),
        total_tokens=found.total_tokens,
        prefill_share=found.prefill_share,
        own_scheduled_tokens=found.own_scheduled_tokens,
        own_prefill_tokens=found.own_prefill_tokens,
        own_draft_tokens=found.own_draft_tokens,
        own_accepted_tokens=found.own_accepted_tokens,
        energy_j=found.energy_j or None,
        own_energy_j=found.own_energy_j if found.energy_j else None,
        running=found.running,
        waiting=found.waiting,
        kv_cache_usage=found.kv_cache_usage,
        preempted=found.preempted,
        requests=found.requests,
        scheduled_tokens=found.scheduled_tokens,
        prefill_tokens=found.prefill_tokens,
    )
