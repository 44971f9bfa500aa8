"""Batch insert of spans."""

from __future__ import annotations

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.store.clickhouse.connection import ClientPool, write_error


class SpanWriter:
    """Writes blocks of spans; one block becomes one part, stored whole or not at all."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def insert(self, table: pa.Table) -> None:
        """Store the rows before returning; the column names are those of the table `spans`.

        Raises StoreUnavailable when a retry can help and StoreRefused when the rows are at fault.
        """
        with self._pool.client() as client:
            try:
                client.insert_arrow("spans", table)
            except (ClickHouseError, OSError) as error:
                raise write_error(error) from error
