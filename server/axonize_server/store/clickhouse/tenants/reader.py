"""Counts what a tenant has stored on a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from typing import Any

from axonize_server.accounts import Usage
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.tenants import sql

DAY_NS = 86_400_000_000_000


class UsageReader:
    """Counts by day of commit, UTC; raises QueryTooSlow, QueryTooLarge and StoreUnavailable."""

    def __init__(self, pool: ClientPool, limits: Mapping[str, int]) -> None:
        self._pool = pool
        # Ids that do not fit into half of the memory go to disk.
        spill = limits.get("max_memory_usage", 0) // 2
        self._limits = {**limits, "max_bytes_before_external_group_by": spill}

    def rows(self, tenant: str, day: date) -> int:
        """Return how many spans were stored, those that came twice counted twice: a bound."""
        count: int = self._first(sql.ROWS, tenant, day)[0]
        return count

    def spans(self, tenant: str, day: date) -> int:
        """Return how many spans were stored, each counted once."""
        count: int = self._first(sql.SPANS, tenant, day)[0]
        return count

    def usage(self, tenant: str, day: date) -> Usage:
        """Return all counts of a day."""
        steps, gpu_seconds = self._first(sql.STEPS, tenant, day)
        return Usage(day, self.spans(tenant, day), steps, gpu_seconds)

    def _first(self, query: str, tenant: str, day: date) -> tuple[Any, ...]:
        start = _midnight_ns(day)
        parameters = {
            "tenant": tenant,
            "before": start - DAY_NS,
            "from": start,
            "to": start + DAY_NS,
        }
        columns = self._pool.columns(query, parameters, self._limits)
        return tuple(column[0] for column in columns)


def _midnight_ns(day: date) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    return int(moment.timestamp()) * 1_000_000_000
