"""Runs the queries on many traces at once and returns records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from axonize_server.model import TraceSearch
from axonize_server.requests import (
    Bins,
    Box,
    Grouping,
    RequestBucket,
    RequestGroup,
    RequestStatistics,
    Sampled,
    ValueCount,
)
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.requests import sql, values_sql
from axonize_server.store.clickhouse.sql import TRACE_TAIL_NS, Query, arrived_from
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon


class RequestReader:
    """Reads the traces of one tenant at a time; every method takes the tenant first.

    Of a search, sort and limit do not matter. Raises QueryTooSlow, QueryTooLarge and
    StoreUnavailable. `horizon` tells what is rolled up, `has_forgotten` whether spans of a tenant
    since a time (Unix ns) are over.
    """

    def __init__(
        self,
        pool: ClientPool,
        limits: dict[str, int],
        horizon: Callable[[], Horizon],
        has_forgotten: Callable[[str, int], bool],
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._horizon = horizon
        self._has_forgotten = has_forgotten

    def _columns(self, query: Query) -> Sequence[Sequence[Any]]:
        return self._pool.columns(query.text, query.parameters, self._limits)

    def bins(self, tenant: str, search: TraceSearch, width_ns: int) -> Bins:
        """Return how many traces began in each column of width_ns and lasted how long."""
        query = sql.bins(tenant, search, self._source(tenant, search), width_ns)
        columns, rows, counts, errors = map(list, self._columns(query) or ((),) * 4)
        return Bins(width_ns=width_ns, columns=columns, rows=rows, counts=counts, errors=errors)

    def series(
        self, tenant: str, search: TraceSearch, width_ns: int
    ) -> tuple[RequestStatistics, list[RequestBucket]]:
        """Return what all traces add up to, and those that began in each column, in order."""
        rows = self._rows(sql.series(tenant, search, self._source(tenant, search), width_ns))
        whole = _statistics(rows[0][1:]) if rows else _statistics((0, 0, (0, 0, 0)))
        starts = ((search.from_ns + row[0] * width_ns, row[1:]) for row in rows[1:])
        return whole, [RequestBucket(start, _statistics(row)) for start, row in starts]

    def groups(self, tenant: str, search: TraceSearch, by: Grouping) -> list[RequestGroup]:
        """Return the services, or models, of the traces, at most 1000, the busiest first."""
        rows = self._rows(sql.groups(tenant, search, self._source(tenant, search), by))
        return [RequestGroup(row[0], _statistics(row[1:])) for row in rows]

    def sample(self, tenant: str, search: TraceSearch, box: Box) -> tuple[Sampled, Sampled]:
        """Return the traces of a search that are inside a box, and those that are not."""
        rows = self._rows(sql.sample(tenant, search, self._source(tenant, search), box))
        inside, outside = ([row[2:] for row in rows if row[0] == side] for side in (1, 0))
        return _sampled(inside), _sampled(outside)

    def values(
        self,
        tenant: str,
        inside: Sequence[str],
        outside: Sequence[str],
        stretches: Sequence[tuple[int, int]],
    ) -> list[ValueCount]:
        """Return what spans of these traces say, at most 1000, by difference of shares.

        stretches: where the spans start, Unix ns.
        """
        since = arrived_from(min(first for first, _ in stretches))
        rows = self._rows(values_sql.values(tenant, inside, outside, stretches, since))
        return [_value(row) for row in rows]

    def _rows(self, query: Query) -> list[tuple[Any, ...]]:
        return list(zip(*self._columns(query), strict=True))

    def _source(self, tenant: str, search: TraceSearch) -> sql.Source:
        """Return what the traces of a search are read from; it is asked for before the rest."""
        stored_from = arrived_from(max(search.from_ns - TRACE_TAIL_NS, 0))
        reads_names = search.text is not None and self._has_forgotten(tenant, search.from_ns)
        return sql.Source(self._horizon(), stored_from, reads_names)


def _statistics(row: Sequence[Any]) -> RequestStatistics:
    requests, errors, (p50, p95, p99) = row
    return RequestStatistics(
        requests=requests, errors=errors, p50_ns=float(p50), p95_ns=float(p95), p99_ns=float(p99)
    )


def _sampled(stretches: Sequence[Sequence[Any]]) -> Sampled:
    taken = [tuple(each) for _, sample in stretches for each in sample]
    return Sampled(sum(count for count, _ in stretches), taken)


def _value(row: Sequence[Any]) -> ValueCount:
    kind, name, value, low, high, inside, outside = row
    if low < high:
        return ValueCount(kind, name, value, low, high, inside, outside)
    return ValueCount(kind, name, value, None, None, inside, outside)
