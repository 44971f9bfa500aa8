"""Requests to vLLM and the engine steps they rode in, as Axonize's integration sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.sdk.trace import Span
from opentelemetry.trace import Link, SpanKind

from tests.ui.seeding import MODEL, Seeder, span_id, trace_id

SERVICE = "chat-server"
DECODED_MS = 9.0
LONG_STEPS = 5_200


@dataclass(frozen=True)
class Request:
    """A request by its internal id and its request (or choice) span."""

    request_id: str
    span: Span


@dataclass(frozen=True)
class Rider:
    """A request in a step, its tokens and how many of them are prompt tokens."""

    request: Request
    scheduled: int = 1
    prefill: int = 0


@dataclass
class Engine:
    """An engine whose steps follow one another."""

    seeder: Seeder
    engine_id: str
    at_ms: float
    number: int = 0

    def step(
        self, length_ms: float, riders: Sequence[Rider], preempted: Sequence[Request] = ()
    ) -> None:
        """Make the next step, a trace of its own."""
        self.number += 1
        more: dict[str, Any] = {}
        if preempted:
            more["axonize__step__preempted_ids"] = [each.request_id for each in preempted]
        self.seeder.span(
            "engine.step",
            self.at_ms,
            length_ms,
            service=SERVICE,
            links=tuple(Link(rider.request.span.get_span_context()) for rider in riders),
            axonize__engine__id=self.engine_id,
            axonize__engine__name="vllm",
            axonize__engine__version="0.32.0",
            gen_ai__request__model=MODEL,
            axonize__step__number=self.number,
            axonize__step__request_ids=[rider.request.request_id for rider in riders],
            axonize__step__trace_ids=[trace_id(rider.request.span) for rider in riders],
            axonize__step__span_ids=[span_id(rider.request.span) for rider in riders],
            axonize__step__scheduled_tokens=[rider.scheduled for rider in riders],
            axonize__step__prefill_tokens=[rider.prefill for rider in riders],
            axonize__step__total_tokens=sum(rider.scheduled for rider in riders),
            axonize__step__running=len(riders),
            axonize__step__waiting=2,
            axonize__step__kv_cache_usage=0.37,
            axonize__step__schedule_ms=0.2,
            axonize__step__busy_seconds=length_ms / 1000,
            axonize__gpu__count=1,
            axonize__gpu__seconds=length_ms / 1000,
            **more,
        )
        self.at_ms += length_ms


@dataclass(frozen=True)
class Ridden:
    """Traces with engine steps."""

    chat: Request
    document: Request
    chatters: list[Request]
    choices: list[Request]
    long: Request


def request(seeder: Seeder, request_id: str, start_ms: float, length_ms: float) -> Request:
    """Make the spans of one request under a server's span."""
    server = seeder.span(
        "POST /v1/chat/completions",
        start_ms - 2,
        length_ms + 4,
        service=SERVICE,
        kind=SpanKind.SERVER,
    )
    span = seeder.span(f"chat {MODEL}", start_ms, length_ms, parent=server, service=SERVICE)
    return _phases(seeder, Request(request_id, span), start_ms, length_ms)


def _phases(seeder: Seeder, made: Request, start_ms: float, length_ms: float) -> Request:
    phases = {"preprocess": 2.0, "wait": 4.0, "queue": 4.0, "prefill": 80.0}
    at = start_ms
    for name, length in phases.items():
        seeder.span(name, at, length, parent=made.span, service=SERVICE)
        at += length
    end = start_ms + length_ms
    seeder.span("decode", at, end - at - 1, parent=made.span, service=SERVICE)
    seeder.span("delivery", end - 1, 1, parent=made.span, service=SERVICE)
    seeder.span(
        "engine.request",
        start_ms + 6,
        length_ms - 7,
        parent=made.span,
        service=SERVICE,
        axonize__request__id=made.request_id,
    )
    return made


def seed_steps(http: str) -> Ridden:
    """Fill a server with requests that shared an engine, and one that rode in 5,200 steps."""
    seeder = Seeder(http)
    chat, document, chatters = _shared(seeder)
    choices = _choices(seeder)
    long = request(seeder, "cmpl-long", 60_000, LONG_STEPS + 92)
    engine = Engine(seeder, "engine-c-0", 60_010)
    engine.step(80, [Rider(long, 4_000, 4_000)])
    for step in range(LONG_STEPS - 1):
        preempted = [long] if step == 2_000 else []
        engine.step(1, [] if preempted else [Rider(long)], preempted)
    seeder.send()
    return Ridden(chat, document, chatters, choices, long)


def _shared(seeder: Seeder) -> tuple[Request, Request, list[Request]]:
    """Make a chat that decodes beside others, waits behind a document and is preempted."""
    chat = request(seeder, "chatcmpl-7d1f0c52a94e4b0f8f2d5d3c1b6a9e10-8c41f2ab", 0, 1_765)
    document = request(seeder, "cmpl-2f6b8e1d44f94a7c9b0e-0-5e7d90cc", 500, 1_300)
    chatters = [request(seeder, f"chatcmpl-mate-{each}", -50, 2_000) for each in range(6)]
    engine = Engine(seeder, "engine-a-0", 10)
    engine.step(80, [Rider(chat, 1_024, 1_024), *map(Rider, chatters[:2])])
    for step in range(55):
        beside = chatters[: 1 + (step // 7) % 6]
        engine.step(DECODED_MS, [Rider(chat), *map(Rider, beside)])
    for _ in range(4):
        engine.step(130, [Rider(chat), *map(Rider, chatters[:3]), Rider(document, 8_188, 8_188)])
    engine.step(DECODED_MS, [*map(Rider, chatters), Rider(document)], preempted=[chat])
    for _ in range(10):
        engine.step(DECODED_MS, [*map(Rider, chatters), Rider(document)])
    engine.step(90, [Rider(chat, 1_084, 1_083), Rider(document)])
    while engine.at_ms + DECODED_MS < 1_764:
        engine.step(DECODED_MS, [Rider(chat), Rider(document)])
    return chat, document, chatters


def _choices(seeder: Seeder) -> list[Request]:
    """Make a request for two answers: two requests in the engine, one trace."""
    server = seeder.span("POST /v1/completions", 29_998, 304, service=SERVICE)
    parent = seeder.span(f"text_completion {MODEL}", 30_000, 300, parent=server, service=SERVICE)
    made = []
    for each in range(2):
        start = 30_000 + each / 10  # spans that start together come in any order
        span = seeder.span("choice", start, 300, parent=parent, service=SERVICE)
        made.append(_phases(seeder, Request(f"{each}_cmpl-two", span), start, 300))
    engine = Engine(seeder, "engine-b-0", 30_010)
    engine.step(80, [Rider(each, 64, 64) for each in made])
    for step in range(20):
        if step == 10:
            engine.step(10, [Rider(made[0])], preempted=made[1:])
        elif step == 15:
            engine.step(10, [], preempted=made[:1])  # the other one waits in its place
        else:
            engine.step(10, [Rider(each) for each in made])
    return made
