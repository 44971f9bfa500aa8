"""Spans named `engine.step` as the integrations send them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa
from axonize_server.ingest.decode import decode, read_request
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.server.ingest.otlp import body, span
from tests.server.rows import NOW_NS

ENGINE = {
    "axonize.engine.id": "engine-a-0",
    "axonize.engine.name": "vllm",
    "axonize.engine.version": "0.32.0",
    "gen_ai.request.model": "llama",
    "axonize.gpu.count": 1,
}


class Rider(NamedTuple):
    """A request in a step; trace and span ids are numbers, 0 for unknown."""

    request: str
    trace: int = 0
    span: int = 0
    scheduled: int = 1
    prefill: int = 0

    @property
    def trace_id(self) -> str:
        return f"{self.trace:032x}" if self.trace else ""

    @property
    def span_id(self) -> str:
        return f"{self.span:016x}" if self.span else ""


def attributes(number: int, riders: list[Rider], **more: Any) -> dict[str, Any]:
    """Return the attributes of a step; `more` are `joules` and others without "axonize.step."."""
    own = {
        "number": number,
        "request_ids": [rider.request for rider in riders],
        "trace_ids": [rider.trace_id for rider in riders],
        "span_ids": [rider.span_id for rider in riders],
        "scheduled_tokens": [rider.scheduled for rider in riders],
        "prefill_tokens": [rider.prefill for rider in riders],
        "total_tokens": sum(rider.scheduled for rider in riders),
        "running": len(riders),
        "waiting": 2,
        "kv_cache_usage": 0.25,
        "schedule_ms": 0.5,
        "busy_seconds": 0.001,
        **more,
    }
    joules = own.pop("joules", None)
    return {
        **ENGINE,
        **{f"axonize.step.{name}": value for name, value in own.items()},
        "axonize.gpu.seconds": 0.001,
        **({} if joules is None else {"axonize.gpu.energy_j": joules}),
    }


def step(
    number: int,
    riders: list[Rider],
    *,
    start_ms: float = 0,
    ms: float = 1,
    engine: str = "engine-a-0",
    charged: dict[str, Any] | None = None,
    **more: Any,
) -> Span:
    """Return a step that starts start_ms after NOW_NS and lasts `ms`; `charged`: see charges()."""
    start_ns = NOW_NS + round(start_ms * 1e6)
    values = {**attributes(number, riders, **more), **(charged or {}), "axonize.engine.id": engine}
    return span(
        1_000_000 + number,
        values,
        name="engine.step",
        kind=1,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + round(ms * 1e6),
    )


def charges(
    *,
    gpus: int | None = None,
    uuids: list[str] | None = None,
    shares: list[float] | None = None,
    busy_s: float = 0.0,
    idle_s: float = 0.0,
    energy_j: float | None = None,
    idle_energy_j: float | None = None,
    cost_per_hour_usd: float | None = None,
    ended: int | None = None,
) -> dict[str, Any]:
    """Return the attributes of what a record charges; the seconds are those of all GPUs."""
    values = {
        "axonize.gpu.count": gpus,
        "axonize.step.gpu_uuids": uuids,
        "axonize.step.gpu_shares": shares,
        "axonize.gpu.seconds": busy_s,
        "axonize.gpu.idle_seconds": idle_s,
        "axonize.gpu.energy_j": energy_j,
        "axonize.gpu.idle_energy_j": idle_energy_j,
        "axonize.gpu.energy.source": None if energy_j is None else "counter",
        "axonize.gpu.cost_per_hour_usd": cost_per_hour_usd,
        "axonize.step.ended_requests": ended,
    }
    return {name: value for name, value in values.items() if value is not None}


def idle(*, start_ms: float, ms: float, charged: dict[str, Any]) -> Span:
    """Return the record of an engine that had nothing to do."""
    start_ns = NOW_NS + round(start_ms * 1e6)
    values = {**ENGINE, **charged, "axonize.step.number": 0}
    return span(
        999_999,
        values,
        name="engine.idle",
        kind=1,
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + round(ms * 1e6),
    )


def steps_body(*steps: Span, service: str = "engine") -> bytes:
    """Return a request with these spans, from the process of an engine."""
    return body(*steps, resource={"service.name": service, "host.name": "node-1"})


def decoded(tenant: str, *bodies: bytes) -> tuple[pa.Table, pa.Table]:
    """Return the spans and the steps of requests, as ingest hands them to the writer."""
    rows = decode([read_request(tenant, each) for each in bodies])
    return rows.spans, rows.steps
