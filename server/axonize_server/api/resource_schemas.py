"""What the wire carries of engines and GPUs over time, all of them together."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server.api.schemas import Time
from axonize_server.api.times import format_time
from axonize_server.gpus import FleetBucket
from axonize_server.steps import StepBucket

NS_PER_MS = 1_000_000
Share = Annotated[float, Meta(description="0 to 1.")]


class EnginePoint(msgspec.Struct, frozen=True, kw_only=True):
    """The engine steps that start within one bucket of time."""

    time: Annotated[Time, Meta(description="Start of the bucket.")]
    steps: int
    running: Annotated[float, Meta(description="Requests, on average, of all engines.")]
    waiting: float
    kv_cache_usage: Annotated[Share, Meta(description="On average of the engines, 0 to 1.")]
    max_kv_cache_usage: Annotated[Share, Meta(description="The highest of any, 0 to 1.")]
    tokens_per_s: float
    prefill_tokens_per_s: float
    preemptions: int
    busy_seconds: Annotated[float, Meta(description="Of the engines.")]
    gpu_seconds: Annotated[float, Meta(description="Busy, of all their GPUs.")]
    energy_j: Annotated[float, Meta(description="0 when not measured.")]


class Engines(msgspec.Struct, frozen=True):
    """All engines over time; a bucket without steps is left out."""

    width_ms: int
    items: list[EnginePoint]


class FleetPoint(msgspec.Struct, frozen=True, kw_only=True):
    """All GPUs within one bucket of time; null where nobody measured."""

    time: Annotated[Time, Meta(description="Start of the bucket.")]
    resources: Annotated[int, Meta(description="GPUs and MIG instances with a sample.")]
    utilization: Annotated[
        float | None, Meta(description="0 to 1, on average; GPU and instance count once each.")
    ]
    max_utilization: float | None
    power_w: Annotated[float | None, Meta(description="Of all cards.")]
    memory_used_bytes: Annotated[float | None, Meta(description="Of all cards.")]


class Fleet(msgspec.Struct, frozen=True):
    """All GPUs over time; a bucket without samples is left out."""

    width_ms: int
    items: list[FleetPoint]


def engines(width_ns: int, found: list[StepBucket]) -> Engines:
    """Return engines over time as the wire carries them."""
    return Engines(width_ns // NS_PER_MS, [_engine_point(each, width_ns / 1e9) for each in found])


_SAME = (
    "steps", "running", "waiting", "kv_cache_usage", "max_kv_cache_usage", "preemptions",
    "busy_seconds", "gpu_seconds", "energy_j",
)  # fmt: skip


def _engine_point(bucket: StepBucket, seconds: float) -> EnginePoint:
    return EnginePoint(
        time=format_time(bucket.start_ns),
        tokens_per_s=bucket.tokens / seconds,
        prefill_tokens_per_s=bucket.prefill_tokens / seconds,
        **{name: getattr(bucket, name) for name in _SAME},
    )


def fleet(width_ns: int, found: list[FleetBucket]) -> Fleet:
    """Return GPUs over time as the wire carries them."""
    return Fleet(width_ns // NS_PER_MS, [_fleet_point(each) for each in found])


def _fleet_point(bucket: FleetBucket) -> FleetPoint:
    names = FleetBucket.__struct_fields__[1:]
    values = {name: getattr(bucket, name) for name in names}
    return FleetPoint(time=format_time(bucket.start_ns), **values)
