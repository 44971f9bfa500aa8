"""What serves the requests, over time: all engines together, all GPUs together."""

from __future__ import annotations

from axonize_server.gpus import FleetBucket
from axonize_server.minutes import SpanFilter
from axonize_server.query.heatmap import width_of
from axonize_server.query.ranges import check_range
from axonize_server.steps import StepBucket
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.steps.reader import StepReader


def engines(
    reader: StepReader, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int, points: int
) -> tuple[int, list[StepBucket]]:
    """Return the width in ns of at most `points` buckets of [from_ns, to_ns), and those with steps.

    Of the filter, service and model count. Raises InvalidQuery for a range without time in it.
    """
    width_ns = _width(from_ns, to_ns, points)
    return width_ns, reader.over_time(tenant, wanted, from_ns, to_ns, width_ns)


def gpus(
    reader: GpuReader, tenant: str, from_ns: int, to_ns: int, points: int
) -> tuple[int, list[FleetBucket]]:
    """Return the width in ns of at most `points` buckets, and those with samples, as above."""
    width_ns = _width(from_ns, to_ns, points)
    return width_ns, reader.over_time(tenant, from_ns, to_ns, width_ns)


def _width(from_ns: int, to_ns: int, points: int) -> int:
    check_range(from_ns, to_ns)
    return width_of(to_ns - from_ns, points)
