"""Removes traces, and what was counted of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.accounts import DeletedTrace
from axonize_server.store.clickhouse.connection import ClientPool, write_error
from axonize_server.store.clickhouse.minutes import sql as minutes_sql
from axonize_server.store.clickhouse.removal import sql


class TraceEraser:
    """Removes one trace at a time; every method raises StoreUnavailable and StoreRefused."""

    def __init__(self, pool: ClientPool, cluster: str = "") -> None:
        self._pool = pool
        self._of_trace = sql.of_trace(cluster)
        self._minutes = sql.minutes(cluster)
        self._ticks = sql.ticks(cluster)

    def is_stored(self, tenant: str, trace_id: str) -> bool:
        """Return whether there is anything of a trace."""
        return bool(self._rows(sql.IS_STORED, {"tenant": tenant, "trace_id": trace_id})[0][0])

    def minutes(self, tenant: str, trace_id: str) -> list[int]:
        """Return the minutes (Unix s) of a trace that can be counted again without it.

        A minute whose other spans are partly over keeps its count; one that was never counted has
        none.
        """
        rows = self._rows(sql.MINUTES_OF_TRACE, {"tenant": tenant, "trace_id": trace_id})
        return [minute for (minute,) in rows]

    def erase(self, deleted: DeletedTrace) -> None:
        """Return when no row is left and its minutes are counted anew; again is harmless."""
        trace = {"tenant": deleted.tenant, "trace_id": deleted.trace_id}
        with self._pool.client() as client:
            try:
                for statement in self._of_trace:
                    client.command(statement, parameters=trace, settings=sql.SETTINGS)
                if deleted.minutes:
                    self._count_again(client, deleted)
                self._count_ticks_again(client, deleted.tenant)
            except (ClickHouseError, OSError) as error:
                raise write_error(error) from error

    def _count_again(self, client: Any, deleted: DeletedTrace) -> None:
        minutes = deleted.minutes
        some = {"tenant": deleted.tenant, "minutes": minutes}
        client.command(self._minutes, parameters=some, settings=sql.SETTINGS)
        span = {"first": minutes[0], "last": minutes[-1]}
        client.command(minutes_sql.COUNT_MINUTES_OF_TENANT, parameters=some | span)

    def _count_ticks_again(self, client: Any, tenant: str) -> None:
        """Count what is newer than all minutes, which the trace may be in."""
        rows = client.query(sql.TICKS, parameters={"tenant": tenant}).result_rows
        if not rows:
            return
        ticks = [tick for (tick,) in rows]
        some = {"tenant": tenant, "minutes": ticks}
        client.command(self._ticks, parameters=some, settings=sql.SETTINGS)
        span = {"first": ticks[0], "last": ticks[-1]}
        client.command(minutes_sql.COUNT_TICKS_OF_TENANT, parameters=some | span)

    def come_back(self, deleted: Sequence[DeletedTrace], since_s: float) -> list[tuple[str, str]]:
        """Return tenant and id of those with spans or steps of the last since_s seconds."""
        parameters = {
            "tenants": [each.tenant for each in deleted],
            "traces": [each.trace_id for each in deleted],
            "since": int(time.time() - since_s),
        }
        return [(tenant, trace_id) for tenant, trace_id in self._rows(sql.COME_BACK, parameters)]

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._pool.columns(query, parameters, {}), strict=True))
