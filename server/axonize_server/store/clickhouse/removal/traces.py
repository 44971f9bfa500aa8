"""Removes traces, and what was counted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from axonize_server.accounts import DeletedTrace
from axonize_server.store.clickhouse.connection import ClientPool, write_errors
from axonize_server.store.clickhouse.minutes import count_sql
from axonize_server.store.clickhouse.minutes.rollup import IN_TURN, KEPT_S, in_groups
from axonize_server.store.clickhouse.removal import sql
from axonize_server.store.clickhouse.removal.eraser import Eraser


class _Counts(NamedTuple):
    """How some minutes or ticks of a tenant are removed, how large they are, how counted."""

    remove: str
    present: str
    insert: str


class TraceEraser(Eraser):
    """Removes one trace at a time; every method raises StoreUnavailable and StoreRefused."""

    def __init__(self, pool: ClientPool, cluster: str = "") -> None:
        super().__init__(pool, cluster)
        self._of_trace = sql.of_trace(cluster)
        self._of_minutes = _Counts(
            sql.minutes(cluster), count_sql.PRESENT_MINUTES, count_sql.COUNT_MINUTES_OF_TENANT
        )
        self._of_ticks = _Counts(
            sql.ticks(cluster), count_sql.PRESENT_TICKS, count_sql.COUNT_TICKS_OF_TENANT
        )

    def is_stored(self, tenant: str, trace_id: str) -> bool:
        """Return whether there is anything of a trace."""
        return bool(self._rows(sql.IS_STORED, {"tenant": tenant, "trace_id": trace_id})[0][0])

    def minutes(self, tenant: str, trace_id: str) -> list[int]:
        """Return the minutes (Unix s) of a trace that can be counted again without it.

        A minute whose other spans are partly over keeps its count. One that is not counted yet may
        have ticks that are, and may be counted with the trace by a roll-up under way.
        """
        parameters = {"tenant": tenant, "trace_id": trace_id, "kept_s": KEPT_S}
        rows = self._rows(sql.MINUTES_OF_TRACE, parameters)
        return [minute for (minute,) in rows]

    def erase(self, deleted: DeletedTrace) -> None:
        """Return when no row is left and its minutes are counted anew; again is harmless."""
        trace = {"tenant": deleted.tenant, "trace_id": deleted.trace_id}
        with self._pool.client() as client, write_errors():
            for statement in self._of_trace:
                client.command(statement, parameters=trace, settings=sql.SETTINGS)
            if deleted.minutes:
                self._count_again(client, deleted)

    def _count_again(self, client: Any, deleted: DeletedTrace) -> None:
        """Count its minutes that are counted, and of the others the ticks that are."""
        ticked_to, counted_to, _ = client.query(count_sql.HORIZONS).first_row
        old = [minute for minute in deleted.minutes if minute < counted_to]
        new = [
            tick
            for minute in deleted.minutes
            if minute >= counted_to
            for tick in range(minute, min(minute + 60, ticked_to), count_sql.TICK.seconds)
        ]
        self._recount(client, deleted.tenant, old, self._of_minutes)
        self._recount(client, deleted.tenant, new, self._of_ticks)

    def _recount(self, client: Any, tenant: str, starts: list[int], counts: _Counts) -> None:
        """Count minutes or ticks of a tenant anew, some at a time: until then those are missing."""
        if not starts:
            return
        of_all = _some(tenant, starts)
        present = dict(client.query(counts.present, parameters=of_all).result_rows)
        for group in in_groups([(start, present.get(start, 0)) for start in starts]):
            some = _some(tenant, group)
            client.command(counts.remove, parameters=some, settings=sql.SETTINGS)
            client.command(counts.insert, parameters=some, settings=IN_TURN)

    def come_back(self, deleted: Sequence[DeletedTrace], since_s: float) -> list[tuple[str, str]]:
        """Return tenant and id of those with spans or steps of the last since_s seconds."""
        parameters = {
            "tenants": [each.tenant for each in deleted],
            "traces": [each.trace_id for each in deleted],
            "since_s": int(since_s),
        }
        return [(tenant, trace_id) for tenant, trace_id in self._rows(sql.COME_BACK, parameters)]

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._pool.columns(query, parameters, {}), strict=True))


def _some(tenant: str, starts: list[int]) -> dict[str, Any]:
    return {"tenant": tenant, "first": starts[0], "last": starts[-1], "minutes": starts}
