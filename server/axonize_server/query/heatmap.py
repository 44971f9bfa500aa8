"""How long requests took, over time: traces counted in bins of start and of duration."""

from __future__ import annotations

from axonize_server.model import TraceSearch
from axonize_server.query.ranges import check_range
from axonize_server.requests import Bins
from axonize_server.store.clickhouse.requests.reader import RequestReader

SHORTEST_NS = 1_000_000


def heatmap(reader: RequestReader, tenant: str, wanted: TraceSearch, points: int) -> Bins:
    """Return the traces of a search in at most `points` columns of whole ms.

    Raises InvalidQuery for a range without time in it.
    """
    check_range(wanted.from_ns, wanted.to_ns)
    return reader.bins(tenant, wanted, width_of(wanted.to_ns - wanted.from_ns, points))


def width_of(length_ns: int, points: int) -> int:
    """Return the width in ns, whole ms, of at most `points` parts of a length."""
    return -(-length_ns // (points * SHORTEST_NS)) * SHORTEST_NS
