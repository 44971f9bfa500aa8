"""Traces that were deleted, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from axonize_server.accounts import DeletedTrace
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres


class Deletions:
    """What must not come back; every method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def add(self, tenant: str, trace_id: str, minutes: Sequence[int]) -> DeletedTrace:
        """Note that a trace is deleted, and return what is known of it then."""
        with self._postgres.connection() as connection:
            values = [tenant, trace_id, list(minutes)]
            row = connection.execute(sql.INSERT_DELETED_TRACE, values).fetchone()
        assert row is not None
        return DeletedTrace(tenant, trace_id, row[0])

    def known(self, for_s: float, due_after_s: float) -> list[DeletedTrace]:
        """Return those of the last `for_s` seconds; due is what was not swept by due_after_s."""
        with self._postgres.connection() as connection:
            connection.execute(sql.FORGET_DELETED_TRACES, [for_s])
            rows = connection.execute(sql.SELECT_DELETED_TRACES, [due_after_s])
            return [DeletedTrace(*row) for row in rows]

    def swept(self, deleted: DeletedTrace) -> None:
        """Note that it was made sure that nothing is left."""
        with self._postgres.connection() as connection:
            connection.execute(sql.SWEPT_DELETED_TRACE, [deleted.tenant, deleted.trace_id])
