"""Runs the query on processes and returns records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from axonize_server.processes import HookCount, HookFault, Process
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.processes import sql

MOST_PROCESSES = 1000


class ProcessReader:
    """Reads the processes of one tenant; raises QueryTooSlow, QueryTooLarge, StoreUnavailable."""

    def __init__(self, pool: ClientPool, limits: Mapping[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def seen_since(self, tenant: str, from_ns: int) -> tuple[list[Process], bool]:
        """Return what reported since then (Unix ns), the last seen first, and whether more did.

        At most 1000 are returned.
        """
        parameters = {"tenant": tenant, "from": from_ns, "limit": MOST_PROCESSES + 1}
        columns = self._pool.columns(sql.SEEN_SINCE, parameters, self._limits)
        found = [_process(row) for row in zip(*columns, strict=True)]
        return found[:MOST_PROCESSES], len(found) > MOST_PROCESSES

    def services_since(self, tenant: str, from_ns: int) -> set[str]:
        """Return the services of all processes that reported since then (Unix ns)."""
        parameters = {"tenant": tenant, "from": from_ns}
        columns = self._pool.columns(sql.SERVICES_SINCE, parameters, self._limits)
        return set(columns[0]) if columns else set()


def _process(row: Sequence[Any]) -> Process:
    values = dict(zip(Process.__struct_fields__, row, strict=False))
    hooks, faults = row[15:18], row[18:22]
    return Process(
        **{
            **values,
            "spans_dropped": dict(values["spans_dropped"]),
            "hooks": [HookCount(*each) for each in zip(*hooks, strict=True)],
            "faults": [HookFault(*each) for each in zip(*faults, strict=True)],
        }
    )
