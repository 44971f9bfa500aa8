"""Whether the GPUs that the trace's spans name were slowed down meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from msgspec.structs import replace

from axonize_server.gpus import GpuBucket
from axonize_server.model import SpanNode
from axonize_server.query.explain import words
from axonize_server.query.explain.path import Segment
from axonize_server.query.explain.records import NOTHING, Fact, SpanEvidence
from axonize_server.store.clickhouse.gpus.reader import GpuReader

# NVML's clock event reasons that take speed away from a GPU that has work.
REASONS = {
    0x04: "software power cap",
    0x08: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "hardware power brake",
}
MOST_GPUS = 16
# A GPU is read about once a second: a reading holds until the next one, no longer than this.
HOLDS_NS = 2_000_000_000
WIDTH_NS = 100_000_000


def throttled(
    reader: GpuReader,
    tenant: str,
    spans: Sequence[SpanNode],
    path: Sequence[Segment],
    origin_ns: int,
) -> list[Fact]:
    """Return a fact for each GPU that was throttled while the path was in a span that names it."""
    segments: dict[str, list[Segment]] = {}
    for segment in path:
        for gpu in spans[segment.span].gpus:
            if gpu.resource_uuid:
                segments.setdefault(gpu.resource_uuid, []).append(segment)
    facts = []
    for uuid, own in list(segments.items())[:MOST_GPUS]:
        start, end = origin_ns + own[0].start, origin_ns + own[-1].end
        buckets = reader.series(tenant, uuid, start - HOLDS_NS, end, _width(end - start))
        fact = _fact(uuid, own, buckets, spans, origin_ns)
        facts += [fact] if fact else []
    return facts


def _width(length_ns: int) -> int:
    return max(WIDTH_NS, length_ns // 1000)


def _fact(
    uuid: str,
    segments: Sequence[Segment],
    buckets: Sequence[GpuBucket],
    spans: Sequence[SpanNode],
    origin_ns: int,
) -> Fact | None:
    reasons = 0
    total = 0
    by_span: dict[int, int] = {}
    for start, end, bits in _readings(buckets, origin_ns):
        for segment in segments if bits else ():
            shared = min(end, segment.end) - max(start, segment.start)
            if shared > 0:
                total, reasons = total + shared, reasons | bits
                by_span[segment.span] = by_span.get(segment.span, 0) + shared
    if not total:
        return None
    names = ", ".join(name for bit, name in REASONS.items() if reasons & bit)
    slow = [bucket for bucket in buckets if (bucket.throttle_reasons or 0) & _SLOWING]
    clocks = [each.min for bucket in slow if (each := bucket.gauges["sm_clock_mhz"])]
    return Fact(
        kind="gpu_throttled",
        text=f"GPU {uuid} throttled for {words.duration(total)}: {names}",
        duration_ns=total,
        evidence=replace(
            NOTHING,
            spans=[SpanEvidence(spans[at].span_id, ns) for at, ns in by_span.items()][:10],
            span_count=len(by_span),
            counters={
                "throttle_reasons": reasons,
                "throttled_samples": sum(bucket.samples for bucket in slow),
                "samples": sum(bucket.samples for bucket in buckets),
                **({"sm_clock_mhz_min": min(clocks)} if clocks else {}),
            },
            attributes={"gpu.resource_uuid": uuid},
        ),
    )


_SLOWING = sum(REASONS)


def _readings(buckets: Sequence[GpuBucket], origin_ns: int) -> Iterable[tuple[int, int, int]]:
    """Yield from when to when the GPU is known to have been slowed down, and by what."""
    for bucket, after in zip_longest(buckets, buckets[1:]):
        until = bucket.start_ns + HOLDS_NS
        end = until if after is None else min(after.start_ns, until)
        yield (
            bucket.start_ns - origin_ns,
            end - origin_ns,
            (bucket.throttle_reasons or 0) & _SLOWING,
        )
