"""What an explanation is made of; the API sends it as it is. Times in ns, ids in lowercase hex."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PartKind = Literal[
    "cold_start",
    "client",
    "preprocess",
    "wait_prefill",
    "wait_decode",
    "wait",
    "queue_prefill",
    "queue_decode",
    "queue",
    "prefill",
    "prefill_shared",
    "decode",
    "decode_shared",
    "preempted",
    "recompute",
    "unscheduled",
    "between_steps",
    "delivery",
    "own_time",
]
FactKind = Literal["error", "abort", "gpu_throttled"]
Cause = Literal[
    "error",
    "abort",
    "cold_start",
    "client",
    "preprocess",
    "prefill_of_others",
    "running_requests",
    "engine",
    "preemption",
    "slow_mates",
    "prompt",
    "output",
    "between_steps",
    "delivery",
    "own_time",
]
Nanoseconds = Annotated[int, Meta(description="In ns.")]
Offset = Annotated[int, Meta(description="In ns from the start of the trace.")]


class SpanEvidence(msgspec.Struct, frozen=True):
    """A span of the trace, and its time in the part."""

    span_id: str
    duration_ns: Nanoseconds


class StepEvidence(msgspec.Struct, frozen=True):
    """Steps of one engine by their numbers; `count` of them, the slowest of which is named."""

    engine_id: str
    first: int
    last: int
    count: int
    slowest: int
    slowest_offset_ns: Offset
    slowest_ns: Nanoseconds


class MateEvidence(msgspec.Struct, frozen=True):
    """Another request in those steps; ids are null when unknown."""

    request_id: str
    trace_id: str | None
    span_id: str | None
    duration_ns: Annotated[int, Meta(description="Time of those steps, in ns.")]
    scheduled_tokens: int
    prefill_tokens: int


class TraceEvidence(msgspec.Struct, frozen=True):
    """Another trace that says so: that of a cold start."""

    trace_id: str
    span_id: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored that says so; of spans and mates those with the most time, at most ten."""

    spans: list[SpanEvidence]
    span_count: int
    steps: list[StepEvidence]
    mates: list[MateEvidence]
    mate_count: int
    traces: list[TraceEvidence]
    counters: Annotated[
        dict[str, float], Meta(description="Counted values by name; names end with their unit.")
    ]
    attributes: Annotated[dict[str, str], Meta(description="Of the spans, as they were sent.")]


NOTHING = Evidence(
    spans=[],
    span_count=0,
    steps=[],
    mates=[],
    mate_count=0,
    traces=[],
    counters={},
    attributes={},
)
"""What evidence is made from."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the root's time, which the parts add up to exactly; the largest come first."""

    kind: PartKind
    cause: Cause
    name: Annotated[str, Meta(description="Name of the spans whose own time it is, else empty.")]
    service_name: str
    text: Annotated[str, Meta(description="What happened, in words.")]
    duration_ns: Nanoseconds
    start_offset_ns: Offset
    end_offset_ns: Offset
    evidence: Evidence


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is known beside the parts; its time is a part of theirs."""

    kind: FactKind
    text: Annotated[str, Meta(description="What happened, in words.")]
    duration_ns: Nanoseconds
    evidence: Evidence


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of a trace's root went.

    The root is the longest span without a parent, else the longest whose parent is not there.
    """

    trace_id: str
    span_id: Annotated[str, Meta(description="The root.")]
    start_offset_ns: Offset
    duration_ns: Nanoseconds
    verdict: Annotated[str, Meta(description="One line made of what took the most time.")]
    causes: Annotated[
        list[Cause], Meta(description="An error or abort first, then by the time that they took.")
    ]
    parts: list[Part]
    facts: list[Fact]
    cut: Annotated[bool, Meta(description="There are more spans or steps than were read.")]
