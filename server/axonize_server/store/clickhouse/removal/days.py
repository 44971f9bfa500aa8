"""Removes days of commit, of some tenants or of all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.clickhouse.removal import sql

TABLES = tuple(sql.DAYS)
PARTITIONED = sql.PARTITIONED


class DayEraser:
    """Removes what is over; every method raises StoreUnavailable and StoreRefused."""

    def __init__(self, pool: ClientPool, cluster: str = "") -> None:
        self._pool = pool
        self._cluster = cluster

    def stored(self, table: str, before: date) -> list[tuple[date, list[str]]]:
        """Return the days of commit before `before` that a table holds, and the tenants of each."""
        columns = self._pool.columns(sql.stored_days(table), {"before": before}, {})
        return [(day, list(tenants)) for day, tenants in zip(*columns, strict=True)]

    def drop(self, table: str, day: date) -> None:
        """Remove a day of a partitioned table, whoever it is of."""
        self._run(sql.drop_day(table, day, self._cluster), {})

    def erase(self, table: str, before: Mapping[str, date]) -> None:
        """Remove what is of each tenant before its day."""
        statement = sql.delete_days(table, self._cluster)
        self._run(statement, {"tenants": list(before), "befores": list(before.values())})

    def _run(self, statement: str, parameters: Mapping[str, Any]) -> None:
        with self._pool.client() as client, write_errors():
            client.command(statement, parameters=dict(parameters), settings=sql.SETTINGS)
