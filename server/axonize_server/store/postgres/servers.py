"""Which servers there are, and what each of them has put into effect, in PostgreSQL."""

from __future__ import annotations

from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres

# A server that has not been heard of for so long has ended, or reaches no PostgreSQL.
GONE_AFTER_S = 60.0


class Servers:
    """The servers that take telemetry; every method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def report(self, server_id: str, version: int) -> None:
        """Note that a server has put into effect what changed up to a version of the accounts."""
        with self._postgres.connection() as connection:
            connection.execute(sql.UPSERT_SERVER, [server_id, version])

    def leave(self, server_id: str) -> None:
        """Note that a server has ended."""
        with self._postgres.connection() as connection:
            connection.execute(sql.DELETE_SERVER, [server_id])

    def behind(self, version: int) -> int:
        """Return how many servers have not put a version into effect yet."""
        with self._postgres.connection() as connection:
            row = connection.execute(sql.SERVERS_BEHIND, [version, GONE_AFTER_S]).fetchone()
        assert row is not None
        count: int = row[0]
        return count
