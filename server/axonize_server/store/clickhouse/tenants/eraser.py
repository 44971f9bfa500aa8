"""Removes what a tenant has stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axonize_server.model import StoreUnavailable
from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.clickhouse.removal.eraser import Eraser
from axonize_server.store.clickhouse.tenants import sql

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


# A roll-up that was under way ends before the second; more would be something else.
PASSES = 5


class TenantEraser(Eraser):
    """Removes rows from every table that names a tenant; raises StoreUnavailable."""

    def __init__(self, pool: ClientPool, cluster: str = "") -> None:
        super().__init__(pool, cluster)
        self._delete = sql.delete(cluster)

    def erase(self, tenant: str) -> None:
        """Return when no row of the tenant is left; calling it again is harmless."""
        with self._pool.client() as client, write_errors():
            left = [table for (table,) in client.query(sql.TABLES).result_rows]
            for _ in range(PASSES):
                for table in left:
                    where = {"table": table, "tenant": tenant}
                    client.command(self._delete, parameters=where, settings=sql.DELETE_SETTINGS)
                if not (left := [each for each in left if _has_rows(client, each, tenant)]):
                    return
        raise StoreUnavailable(f"{', '.join(left)}: rows of it are still being written; ask again")


def _has_rows(client: Client, table: str, tenant: str) -> bool:
    """Return whether a roll-up that was under way has brought rows back."""
    where = {"table": table, "tenant": tenant}
    return bool(client.query(sql.COUNT, parameters=where).first_row[0])
