"""Sessions of browsers in PostgreSQL, which knows only the SHA-256 of their cookies."""

from __future__ import annotations

from datetime import datetime

from axonize_server.accounts import Session
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres


class SessionStore:
    """Every session; each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def add(self, session_sha256: bytes, key_sha256: bytes, expires_at: datetime) -> None:
        """Store a session that stands for a key, and drop those that are over."""
        with self._postgres.connection() as connection:
            connection.execute(sql.DELETE_OLD_SESSIONS)
            connection.execute(sql.INSERT_SESSION, [session_sha256, key_sha256, expires_at])

    def find(self, session_sha256: bytes) -> Session | None:
        """Return a session that is not over."""
        with self._postgres.connection() as connection:
            row = connection.execute(sql.SELECT_SESSION, [session_sha256]).fetchone()
        return None if row is None else Session(bytes(row[0]), row[1])

    def remove(self, session_sha256: bytes) -> None:
        """End a session, if there is one."""
        with self._postgres.connection() as connection:
            connection.execute(sql.DELETE_SESSION, [session_sha256])
