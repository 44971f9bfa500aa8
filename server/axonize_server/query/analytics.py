"""Questions about spans over time, always for one tenant: series of buckets, sums by group."""

from __future__ import annotations

from axonize_server.minutes import Bucket, Group, SpanFilter
from axonize_server.query.ranges import check_range
from axonize_server.store.clickhouse.minutes.reader import MinuteReader

MINUTE_NS = 60_000_000_000


def series(
    reader: MinuteReader, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int, points: int
) -> tuple[int, list[Bucket]]:
    """Return the width in ns of at most `points` buckets, whole minutes, and those with spans.

    The range [from_ns, to_ns), Unix ns, is widened to whole minutes. Raises InvalidQuery for a
    range without time in it.
    """
    first, last = _whole_minutes(from_ns, to_ns)
    width_ns = -(-(last - first) // (points * MINUTE_NS)) * MINUTE_NS
    return width_ns, reader.buckets(tenant, wanted, first, last, width_ns)


def overview(
    reader: MinuteReader, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int
) -> list[Group]:
    """Return the services, models and operations in the range, widened to whole minutes.

    At most 1000, by name. Raises InvalidQuery for a range without time in it.
    """
    return reader.groups(tenant, wanted, *_whole_minutes(from_ns, to_ns))


def _whole_minutes(from_ns: int, to_ns: int) -> tuple[int, int]:
    check_range(from_ns, to_ns)
    return from_ns // MINUTE_NS * MINUTE_NS, -(-to_ns // MINUTE_NS) * MINUTE_NS
