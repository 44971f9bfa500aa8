"""Requests over time and by what took part in them: traces, each counted once."""

from __future__ import annotations

from axonize_server.model import TraceSearch
from axonize_server.query.heatmap import width_of
from axonize_server.query.ranges import check_range
from axonize_server.requests import Grouping, RequestBucket, RequestGroup, RequestStatistics
from axonize_server.store.clickhouse.requests.reader import RequestReader


def over_time(
    reader: RequestReader, tenant: str, wanted: TraceSearch, points: int
) -> tuple[int, RequestStatistics, list[RequestBucket]]:
    """Return the width in ns of at most `points` columns, what all add up to, and each column.

    Raises InvalidQuery for a range without time in it.
    """
    check_range(wanted.from_ns, wanted.to_ns)
    width_ns = width_of(wanted.to_ns - wanted.from_ns, points)
    return width_ns, *reader.series(tenant, wanted, width_ns)


def grouped(
    reader: RequestReader, tenant: str, wanted: TraceSearch, by: Grouping
) -> list[RequestGroup]:
    """Return the services, or models, of the traces; a trace counts for each of its own.

    At most 1000, the busiest first. Raises InvalidQuery for a range without time in it.
    """
    check_range(wanted.from_ns, wanted.to_ns)
    return reader.groups(tenant, wanted, by)
