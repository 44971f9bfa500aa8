"""What tenants stored on days that are over."""

from __future__ import annotations

from datetime import date

from axonize_server.accounts import Usage
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres


class UsageRecords:
    """Counts that do not change any more; raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def read(self, tenant: str, first: date, last: date) -> list[Usage]:
        """Return what is recorded of the days from first to last."""
        with self._postgres.connection() as connection:
            rows = connection.execute(sql.SELECT_USAGE, [tenant, first, last])
            return [Usage(*row) for row in rows]

    def record(self, tenant: str, usage: Usage) -> None:
        """Keep the counts of a day; what is recorded already stays."""
        values = [tenant, usage.day, usage.spans, usage.engine_steps, usage.gpu_seconds]
        with self._postgres.connection() as connection:
            connection.execute(sql.INSERT_USAGE, values)
