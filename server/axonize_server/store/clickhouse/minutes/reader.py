"""Runs the queries on statistics by minute and returns records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from axonize_server.minutes import Bucket, Group, Histogram, SpanFilter, SpanStatistics
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.minutes import sql
from axonize_server.store.clickhouse.sql import CLOCK_AHEAD_NS

SECOND_NS = 1_000_000_000
MAX_GROUPS = 1000


class MinuteReader:
    """Reads statistics of one tenant at a time; every method takes the tenant first.

    Ranges are [from_ns, to_ns), Unix ns, in whole minutes. An empty answer is an empty list, never
    an error. Raises QueryTooSlow, QueryTooLarge and StoreUnavailable.
    """

    def __init__(self, pool: ClientPool, limits: dict[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._pool.columns(query, parameters, self._limits), strict=True))

    def buckets(
        self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int, width_ns: int
    ) -> list[Bucket]:
        """Return the buckets of whole minutes in which spans ended, in order of time."""
        parameters = self._parameters(tenant, wanted, from_ns, to_ns)
        width = {"width": width_ns // SECOND_NS}
        return [
            Bucket(start_ns=from_ns + row[0] * width_ns, statistics=_statistics(row[1:]))
            for row in self._rows(sql.BUCKETS, parameters | width)
        ]

    def groups(self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int) -> list[Group]:
        """Return the services, models and operations with spans, at most 1000."""
        parameters = self._parameters(tenant, wanted, from_ns, to_ns) | {"limit": MAX_GROUPS}
        return [
            Group(service=row[0], model=row[1], operation=row[2], statistics=_statistics(row[3:]))
            for row in self._rows(sql.GROUPS, parameters)
        ]

    def _parameters(
        self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int
    ) -> dict[str, object]:
        counted_to = self._rows(sql.COUNTED_TO, {})[0][0] + 60
        return {
            "tenant": tenant,
            "service": wanted.service,
            "model": wanted.model,
            "operation": wanted.operation,
            "from": from_ns // SECOND_NS,
            "to": to_ns // SECOND_NS,
            "counted_to": counted_to,
            "arrived_from": max(
                max(from_ns // SECOND_NS, counted_to) - CLOCK_AHEAD_NS // SECOND_NS, 0
            ),
        }


def _statistics(row: Sequence[Any]) -> SpanStatistics:
    *sums, durations, ttfts, tpots = row
    known = dict(zip(_SUMS, sums, strict=True))
    return SpanStatistics(
        **known, durations=Histogram(durations), ttfts=Histogram(ttfts), tpots=Histogram(tpots)
    )


_SUMS = SpanStatistics.__struct_fields__[:6]
