"""Batch insert of spans, of engine steps and of GPU metrics."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.store.clickhouse.connection import ClientPool, write_error


class SpanWriter:
    """Writes blocks; one block becomes one part of its table, stored whole or not at all."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def insert(self, spans: pa.Table, steps: pa.Table | None = None) -> None:
        """Store all rows before returning; columns are named as in `spans` and `engine_steps`.

        Raises StoreUnavailable when a retry can help and StoreRefused when the rows are at fault.
        The rows of one table may be stored then.
        """
        _insert(self._pool, {"spans": spans, "engine_steps": steps})


class GpuMetricWriter:
    """Writes blocks of GPU metrics as SpanWriter does those of spans."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def insert(self, rows: pa.Table) -> None:
        """Store all rows before returning; columns are named as in `gpu_metrics`."""
        _insert(self._pool, {"gpu_metrics": rows})


def _insert(pool: ClientPool, tables: Mapping[str, pa.Table | None]) -> None:
    with pool.client() as client:
        try:
            for name, table in tables.items():
                if table is not None and table.num_rows:
                    client.insert_arrow(name, table)
        except (ClickHouseError, OSError) as error:
            raise write_error(error) from error
