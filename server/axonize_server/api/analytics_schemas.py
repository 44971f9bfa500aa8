"""What the wire carries of spans over time; units are in the names."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from axonize_server.api.schemas import TOKENS, Time
from axonize_server.api.times import format_time
from axonize_server.minutes import Bucket, Group, Histogram, SpanStatistics

Text = Annotated[str | None, Meta(description="Null where spans do not say.")]
NS_PER_S = 1_000_000_000


class Percentiles(msgspec.Struct, frozen=True):
    """Of a distribution, ms, right to 2.2 %; null without values."""

    p50: float | None
    p95: float | None
    p99: float | None


class SpanGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What the spans of a service, model and operation add up to."""

    service: Text
    model: Text
    operation: Text
    spans: int
    errors: int
    input_tokens: Annotated[int, Meta(description=TOKENS)]
    output_tokens: int
    cached_tokens: Annotated[int, Meta(description="Of the input tokens, read from a cache.")]
    cost_usd: float
    duration_ms: Percentiles
    ttft_ms: Percentiles
    tpot_ms: Percentiles


class Overview(msgspec.Struct, frozen=True):
    """Groups by service, model and operation, at most 1000."""

    items: list[SpanGroup]


class LatencyPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The spans that ended within one bucket of time."""

    time: Annotated[Time, Meta(description="Start of the bucket.")]
    spans: int
    duration_ms: Percentiles
    ttft_ms: Percentiles
    tpot_ms: Percentiles


class Latency(msgspec.Struct, frozen=True):
    """Latency over time; a bucket without spans is left out."""

    bucket_s: int
    items: list[LatencyPoint]


class ThroughputPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The spans that ended within one bucket of time, and how many that is a second."""

    time: Annotated[Time, Meta(description="Start of the bucket.")]
    spans: int
    errors: int
    input_tokens: Annotated[int, Meta(description=TOKENS)]
    output_tokens: int
    cached_tokens: Annotated[int, Meta(description="Of the input tokens, read from a cache.")]
    cost_usd: float
    spans_per_s: float
    input_tokens_per_s: float
    output_tokens_per_s: float


class Throughput(msgspec.Struct, frozen=True):
    """Throughput over time; a bucket without spans is left out."""

    bucket_s: int
    items: list[ThroughputPoint]


def group(of: Group) -> SpanGroup:
    """Return a group as the wire carries it."""
    found = of.statistics
    return SpanGroup(
        service=of.service or None,
        model=of.model or None,
        operation=of.operation or None,
        duration_ms=percentiles(found.durations),
        ttft_ms=percentiles(found.ttfts),
        tpot_ms=percentiles(found.tpots),
        **_sums(found),
    )


def latency(width_ns: int, buckets: list[Bucket]) -> Latency:
    """Return the buckets with their percentiles."""
    return Latency(width_ns // NS_PER_S, [_latency_point(each) for each in buckets])


def _latency_point(bucket: Bucket) -> LatencyPoint:
    found = bucket.statistics
    return LatencyPoint(
        time=format_time(bucket.start_ns),
        spans=found.spans,
        duration_ms=percentiles(found.durations),
        ttft_ms=percentiles(found.ttfts),
        tpot_ms=percentiles(found.tpots),
    )


def throughput(width_ns: int, buckets: list[Bucket]) -> Throughput:
    """Return the buckets with their sums, and those a second."""
    seconds = width_ns // NS_PER_S
    return Throughput(seconds, [_throughput_point(each, seconds) for each in buckets])


def _throughput_point(bucket: Bucket, seconds: int) -> ThroughputPoint:
    found = bucket.statistics
    return ThroughputPoint(
        time=format_time(bucket.start_ns),
        spans_per_s=found.spans / seconds,
        input_tokens_per_s=found.input_tokens / seconds,
        output_tokens_per_s=found.output_tokens / seconds,
        **_sums(found),
    )


def _sums(found: SpanStatistics) -> dict[str, Any]:
    names = ("spans", "errors", "input_tokens", "output_tokens", "cached_tokens", "cost_usd")
    return {name: getattr(found, name) for name in names}


def percentiles(of: Histogram) -> Percentiles:
    """Return the middle and two ends of a distribution."""
    return Percentiles(*(of.quantile_ms(share) for share in (0.5, 0.95, 0.99)))
