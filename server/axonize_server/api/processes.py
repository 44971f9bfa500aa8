"""Controller: /api/v1/processes."""

from __future__ import annotations

import time

from litestar import Controller, get
from litestar.di import NamedDependency

from axonize_server.api import process_schemas as schemas
from axonize_server.api.parameters import HOUR_NS, QUERY_PROBLEMS, From, Tenant
from axonize_server.api.times import parse_time
from axonize_server.query import processes
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.processes.reader import ProcessReader


class ProcessController(Controller):
    """What sends telemetry, and how that is."""

    tags = ["Processes"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/processes", summary="List processes", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def list_processes(
        self,
        process_reader: NamedDependency[ProcessReader],
        minute_reader: NamedDependency[MinuteReader],
        tenant: Tenant,
        start: From = None,
    ) -> schemas.ProcessList:
        """Return the processes whose last report came since `from`: SDK, hooks, spans lost.

        A process reports about once a minute, and is forgotten after a week.
        """
        now_ns = time.time_ns()
        from_ns = parse_time("from", start) if start else now_ns - HOUR_NS
        found = processes.seen(process_reader, minute_reader, tenant, from_ns, now_ns)
        return schemas.process_list(*found)
