"""API keys in PostgreSQL, which knows only their SHA-256."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import ForeignKeyViolation

from axonize_server.accounts import ApiKey, Principal
from axonize_server.model import NotFound
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres


class Keys:
    """The keys of every tenant; each method raises StoreUnavailable."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def version(self) -> int:
        """Return a number that changes whenever a key, a tenant or a session changes."""
        with self._postgres.connection() as connection:
            row = connection.execute(sql.AUTH_VERSION).fetchone()
        assert row is not None
        version: int = row[0]
        return version

    def use(self, key_sha256: bytes) -> Principal | None:
        """Return who a valid key stands for, and note that it was used."""
        with self._postgres.connection() as connection:
            row = connection.execute(sql.USE_KEY, [key_sha256]).fetchone()
        if row is None:
            return None
        tenant, scopes, stored_sha256, expires_at, suspended = row
        return Principal(tenant, frozenset(scopes), bytes(stored_sha256), expires_at, suspended)

    def add(
        self,
        tenant: str,
        prefix: str,
        key_sha256: bytes,
        name: str,
        scopes: Sequence[str],
        expires_at: datetime | None,
    ) -> ApiKey:
        """Store a key; raises NotFound when there is no such tenant."""
        values = [prefix, tenant, key_sha256, name, list(scopes), expires_at]
        try:
            with self._postgres.connection() as connection:
                row = connection.execute(sql.INSERT_KEY, values).fetchone()
        except ForeignKeyViolation:
            raise NotFound(f"no tenant {tenant}") from None
        assert row is not None
        return ApiKey(*row)

    def of_tenant(self, tenant: str) -> list[ApiKey]:
        """Return the keys of a tenant by age, those revoked too."""
        with self._postgres.connection() as connection:
            return [ApiKey(*row) for row in connection.execute(sql.SELECT_KEYS, [tenant])]

    def revoke(self, tenant: str, prefix: str) -> None:
        """End a key for good; raises NotFound when the tenant has none of that prefix."""
        with self._postgres.connection() as connection:
            if not connection.execute(sql.REVOKE_KEY, [tenant, prefix]).rowcount:
                raise NotFound(f"tenant {tenant} has no key {prefix}")
