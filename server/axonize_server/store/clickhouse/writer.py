"""Batch insert of spans and of engine steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from axonize_server.model import NativeBlock
from axonize_server.store.clickhouse.connection import ClientPool, write_errors

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# The columns that a block has; to read fifty names would take a tenth of a small insert.
OF_A_BLOCK = "(* EXCEPT(ingested_at))"


class SpanWriter:
    """Writes blocks; one block becomes one part of its table, stored whole or not at all."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def insert(self, spans: pa.Table | NativeBlock, steps: pa.Table | None = None) -> None:
        """Store all rows before returning; columns are named as in `spans` and `engine_steps`.

        Raises StoreUnavailable when a retry can help and StoreRefused when the rows are at fault.
        The rows of one table may be stored then.
        """
        _insert_all(self._pool, {"spans": spans, "engine_steps": steps})


class GpuMetricWriter:
    """Writes blocks of GPU metrics, and of what senders say of themselves, as SpanWriter does."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool

    def insert(self, rows: pa.Table, processes: pa.Table | None = None) -> None:
        """Store all rows before returning; columns as in `gpu_metrics` and `processes`."""
        _insert_all(self._pool, {"gpu_metrics": rows, "processes": processes})


def _insert_all(pool: ClientPool, tables: Mapping[str, pa.Table | NativeBlock | None]) -> None:
    with pool.client() as client, write_errors():
        for name, rows in tables.items():
            if rows is not None and rows.num_rows:
                _insert(client, name, rows)


def _insert(client: Client, name: str, rows: pa.Table | NativeBlock) -> None:
    if isinstance(rows, NativeBlock):
        client.raw_insert(f"{name} {OF_A_BLOCK}", insert_block=rows.data, fmt="Native")
    else:
        client.insert_arrow(name, rows)
