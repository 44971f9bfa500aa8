"""What every eraser knows: what may still bring back what it removes."""

from __future__ import annotations

from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.removal.sql import oldest_write


class Eraser:
    """Removes rows from ClickHouse; raises StoreUnavailable and StoreRefused."""

    def __init__(self, pool: ClientPool, cluster: str = "") -> None:
        self._pool = pool
        self._oldest_write = oldest_write(cluster)

    def writing_s(self) -> float:
        """Return for how many seconds the oldest statement has been writing, of any server."""
        return float(self._pool.columns(self._oldest_write, {}, {})[0][0])
