"""Connections to PostgreSQL, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from axonize_server.model import InvalidQuery, StoreUnavailable
from axonize_server.store.postgres import sql

CONNECT_TIMEOUT_S = 5


class Postgres:
    """The account database; every use opens a connection of its own, so any thread may ask."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection that commits each statement.

        Raises StoreUnavailable, and InvalidQuery for a value that no column holds, such as text
        with a NUL in it.
        """
        try:
            with psycopg.connect(
                self.dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
            ) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise StoreUnavailable(f"PostgreSQL does not answer: {error}") from error
        except psycopg.DataError as error:
            raise InvalidQuery(f"PostgreSQL cannot hold this: {error}") from error

    def ping(self) -> bool:
        """Return whether PostgreSQL answers."""
        try:
            with self.connection() as connection:
                connection.execute(sql.PING)
        except StoreUnavailable:
            return False
        return True
