"""Tenants in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import sql as psycopg_sql
from psycopg.errors import UniqueViolation

from axonize_server.accounts import Retention, Tenant
from axonize_server.model import Conflict, NotFound
from axonize_server.store.postgres import sql
from axonize_server.store.postgres.connection import Postgres


class Tenants:
    """Every tenant; methods raise StoreUnavailable, and NotFound for a tenant that is not there."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def all(self) -> list[Tenant]:
        """Return the tenants by id."""
        with self._postgres.connection() as connection:
            return [_tenant(row) for row in connection.execute(sql.SELECT_TENANTS)]

    def get(self, tenant: str) -> Tenant:
        """Return one tenant."""
        return self._one(sql.SELECT_TENANT, tenant)

    def add(self, tenant: str, name: str, max_spans_per_day: int | None) -> Tenant:
        """Make a tenant; raises Conflict when there is one of that id."""
        try:
            with self._postgres.connection() as connection:
                values = [tenant, name, max_spans_per_day]
                row = connection.execute(sql.INSERT_TENANT, values).fetchone()
        except UniqueViolation:
            raise Conflict(f"there is a tenant {tenant} already") from None
        assert row is not None
        return _tenant(row)

    def suspend(self, tenant: str) -> Tenant:
        """Let its keys open nothing until it is resumed."""
        return self._one(sql.SUSPEND_TENANT, tenant)

    def resume(self, tenant: str) -> Tenant:
        """Let its keys open its data again."""
        return self._one(sql.RESUME_TENANT, tenant)

    def limit(self, tenant: str, max_spans_per_day: int | None) -> Tenant:
        """Set its quota; None for none."""
        return self._one(sql.SET_QUOTA, tenant, max_spans_per_day)

    def keep(self, tenant: str, days: Retention) -> Tenant:
        """Set how long its data is kept."""
        each = (days.spans, days.traces, days.gpu_metrics, days.engine_steps)
        return self._one(sql.SET_RETENTION, tenant, *each)

    def suspended(self) -> frozenset[str]:
        """Return the tenants of which nothing may be stored now."""
        with self._postgres.connection() as connection:
            return frozenset(row[0] for row in connection.execute(sql.SELECT_SUSPENDED))

    def among(self, tenants: Collection[str]) -> frozenset[str]:
        """Return those of some ids that are of a tenant."""
        with self._postgres.connection() as connection:
            rows = connection.execute(sql.SELECT_AMONG, [list(tenants)])
            return frozenset(row[0] for row in rows)

    def erase(self, tenant: str) -> None:
        """Remove the tenant and everything that names it, at once."""
        with self._postgres.connection() as connection, connection.transaction():
            tables = connection.execute(sql.TABLES_OF_TENANTS).fetchall()
            for (table,) in tables:
                name = psycopg_sql.Identifier(table)
                delete = psycopg_sql.SQL(sql.DELETE_OF_TENANT).format(table=name)
                connection.execute(delete, [tenant])
            connection.execute(sql.DELETE_TENANT, [tenant])

    def _one(self, query: str, tenant: str, *before: object) -> Tenant:
        values: Sequence[object] = [*before, tenant]
        with self._postgres.connection() as connection:
            row = connection.execute(query, values).fetchone()
        if row is None:
            raise NotFound(f"no tenant {tenant}")
        return _tenant(row)


def _tenant(row: Sequence[Any]) -> Tenant:
    tenant, name, created_at, suspended_at, limit, *days = row
    return Tenant(tenant, name, created_at, suspended_at, limit, Retention(*days))
