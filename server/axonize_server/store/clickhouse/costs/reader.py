"""Runs the query on what engines used and returns records."""

from __future__ import annotations

from collections.abc import Sequence

from axonize_server.costs import Use
from axonize_server.model import QueryTooLarge
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.costs import sql
from axonize_server.store.clickhouse.sql import CLOCK_AHEAD_NS

SECOND_NS = 1_000_000_000
MAX_USES = 50_000


class CostReader:
    """Reads what the engines of one tenant used; raises QueryTooSlow, QueryTooLarge and Store*."""

    def __init__(self, pool: ClientPool, limits: dict[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def uses(self, tenant: str, from_ns: int, to_ns: int, changes: Sequence[int]) -> list[Use]:
        """Return what engines used in [from_ns, to_ns), Unix ns, in whole minutes.

        changes: when prices changed, Unix ns, in order; a use is of one period between them, the
        first is 0.
        """
        counted_to = self._pool.columns(sql.COUNTED_TO, {}, self._limits)[0][0] + 60
        from_s, to_s = from_ns // SECOND_NS, to_ns // SECOND_NS
        parameters = {
            "tenant": tenant,
            "from": from_s,
            "to": to_s,
            "counted_to": counted_to,
            "arrived_from": max(max(from_s, counted_to) - CLOCK_AHEAD_NS // SECOND_NS, 0),
            "changes": [change // SECOND_NS for change in changes],
            "limit": MAX_USES + 1,
        }
        rows = list(zip(*self._pool.columns(sql.USES, parameters, self._limits), strict=True))
        if len(rows) > MAX_USES:
            raise QueryTooLarge("too many engines; ask for a shorter time range")
        return [Use(**dict(zip(Use.__struct_fields__, row, strict=True))) for row in rows]
