"""Removes what a tenant has stored."""

from __future__ import annotations

from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.store.clickhouse.connection import ClientPool, write_error
from axonize_server.store.clickhouse.tenants import sql


class TenantEraser:
    """Removes rows from every table that names a tenant; raises StoreUnavailable."""

    def __init__(self, pool: ClientPool, cluster: str = "") -> None:
        self._pool = pool
        self._delete = sql.delete(cluster)

    def erase(self, tenant: str) -> None:
        """Return when no row of the tenant is left; calling it again is harmless."""
        with self._pool.client() as client:
            try:
                for (table,) in client.query(sql.TABLES).result_rows:
                    client.command(
                        self._delete,
                        parameters={"table": table, "tenant": tenant},
                        settings=sql.DELETE_SETTINGS,
                    )
            except (ClickHouseError, OSError) as error:
                raise write_error(error) from error
