"""One request's way through the engine: the steps it rode in and its share of them."""

from __future__ import annotations

import math
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

from axonize import semconv
from axonize.context import ROOT, SpanContext
from axonize.integrations.vllm import names
from axonize.integrations.vllm.identity import Engine
from axonize.speed import Span


class Step(NamedTuple):
    """What a request has to remember of a step; times in Unix ns."""

    number: int
    start_ns: int
    end_ns: int
    busy_ns: int
    total_tokens: int


class Stretch(NamedTuple):
    """Steps in a row that a request rode in with the same number of tokens in each."""

    steps: list[Step]  # shared with the other requests in them
    tokens: int
    prefill_tokens: int  # those of the tokens that are prompt


class Ride:
    """A request in the engine, from its arrival to its end; times in Unix ns."""

    __slots__ = (
        "accepted",
        "blocks",
        "context",
        "drafted",
        "end_ns",
        "last_step",
        "pauses",
        "queued_ns",
        "reason",
        "request_id",
        "span_id",
        "stretches",
        "trace_id",
    )

    def __init__(self, request_id: str, context: SpanContext | None, queued_ns: int) -> None:
        self.request_id = request_id
        self.context = context
        self.trace_id = context.trace_id if context else ""
        self.span_id = context.span_id if context else ""
        self.queued_ns = queued_ns
        self.stretches: list[Stretch] = []
        self.drafted = self.accepted = self.blocks = 0
        self.pauses: list[int] = []  # when it was preempted
        self.reason = ""
        self.end_ns = 0
        self.last_step = 0  # the last step that may have it in its batch

    def steps(self) -> list[Step]:
        """Return the steps it rode in."""
        return [step for stretch in self.stretches for step in stretch.steps]

    def token_times(self) -> list[int]:
        """Return the ends of the steps that made a token for it.

        All steps do but those that read a part of the prompt that is not the last.
        """
        unfinished = self.reason in ("abort", "error")
        times = []
        for stretch, after in zip_longest(self.stretches, self.stretches[1:]):
            more = after.prefill_tokens if after else unfinished
            if not (stretch.prefill_tokens and more):
                times += [step.end_ns for step in stretch.steps]
        return times

    def seconds(self) -> float:
        """Return its share of the engine's busy time, by scheduled tokens, in s."""
        shares = (
            step.busy_ns * stretch.tokens / step.total_tokens
            for stretch in self.stretches
            for step in stretch.steps
        )
        return math.fsum(shares) / 1e9

    def scheduled_tokens(self) -> int:
        """Return its tokens over all steps."""
        return sum(stretch.tokens * len(stretch.steps) for stretch in self.stretches)

    def prefill_tokens(self) -> int:
        """Return the prompt tokens among them, those read again after a preemption too."""
        return sum(stretch.prefill_tokens * len(stretch.steps) for stretch in self.stretches)

    def pauses_until_resumed(self) -> list[tuple[int, int]]:
        """Return when it was preempted and when it was scheduled again, or its end."""
        steps = self.steps() if self.pauses else []
        return [
            (at, next((step.start_ns for step in steps if step.start_ns > at), self.end_ns))
            for at in self.pauses
        ]

    def description(self, token_times: list[int]) -> dict[str, Any]:
        """Return the attributes that the request's own span carries too."""
        attributes: dict[str, Any] = {
            names.REQUEST_ID: self.request_id,
            names.STEP_COUNT: sum(len(stretch.steps) for stretch in self.stretches),
            names.KV_CACHE_BLOCKS: self.blocks,
            names.PREEMPTION_COUNT: len(self.pauses),
            **_intervals(token_times),
        }
        if self.stretches:
            attributes[names.STEP_FIRST] = self.stretches[0].steps[0].number
            attributes[names.STEP_LAST] = self.stretches[-1].steps[-1].number
        if self.pauses:
            paused = sum(resumed - at for at, resumed in self.pauses_until_resumed())
            attributes[names.PREEMPTION_MS] = paused / 1e6
        if self.drafted:
            attributes[names.SPECULATION_DRAFT_TOKENS] = self.drafted
            attributes[names.SPECULATION_ACCEPTED_TOKENS] = self.accepted
        return attributes


def record(ride: Ride, engine: Engine) -> dict[str, Any]:
    """End the ride: write its span `engine.request` and return what the front end wants to know."""
    made, pauses, seconds = ride.token_times(), ride.pauses_until_resumed(), ride.seconds()
    description = {**engine.attributes, **ride.description(made)}
    attributes = {
        **description,
        semconv.GEN_AI_RESPONSE_FINISH_REASONS: [ride.reason],
        names.ENGINE_SCHEDULED_TOKENS: ride.scheduled_tokens(),
        names.ENGINE_PREFILL_TOKENS: ride.prefill_tokens(),
        names.ENGINE_SECONDS: seconds,
        names.GPU_COUNT: engine.gpu_count,
        names.GPU_SECONDS: seconds * engine.gpu_count,
    }
    span = Span("engine.request", attributes, parent=ride.context or ROOT, start_ns=ride.queued_ns)
    add_pauses(span, pauses)
    if ride.reason == "error":
        span.set_status("error")
    span.end(ride.end_ns)
    return {
        "attributes": description,
        "queued": ride.queued_ns,
        "scheduled": ride.stretches[0].steps[0].start_ns if ride.stretches else None,
        "first": made[0] if made else None,
        "last": made[-1] if made else None,
        "pauses": pauses,
    }


def add_pauses(span: Span, pauses: list[tuple[int, int]]) -> None:
    """Add the events of a request that was preempted, times in Unix ns."""
    for preempted, resumed in pauses:
        span.add_event("preempted", time_ns=preempted)
        span.add_event("resumed", time_ns=resumed)


def _intervals(times: list[int]) -> dict[str, float]:
    """Return median, 99th percentile (nearest rank) and maximum of the times between tokens."""
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    if not gaps:
        return {}
    return {
        semconv.ITL_P50_MS: gaps[(len(gaps) - 1) // 2] / 1e6,
        semconv.ITL_P99_MS: gaps[-(-len(gaps) * 99 // 100) - 1] / 1e6,
        semconv.ITL_MAX_MS: gaps[-1] / 1e6,
    }
