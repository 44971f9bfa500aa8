"""Controller: /api/v1/analytics, engines and GPUs over time."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from axonize_server.api import resource_schemas as schemas
from axonize_server.api.parameters import QUERY_PROBLEMS, From, Tenant, To, time_range
from axonize_server.minutes import SpanFilter
from axonize_server.query import resources
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.steps.reader import StepReader

Points = Annotated[int, QueryParameter(ge=1, le=2000, description="At most this many buckets.")]


class ResourceController(Controller):
    """What serves the requests, all of it together."""

    path = "/analytics"
    tags = ["Analytics"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/engines", summary="Read engines", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_engines(
        self,
        step_reader: NamedDependency[StepReader],
        tenant: Tenant,
        start: From = None,
        end: To = None,
        service: Annotated[str | None, QueryParameter(description="Engines of it only.")] = None,
        model: Annotated[str | None, QueryParameter(description="Engines of it only.")] = None,
        points: Points = 200,
    ) -> schemas.Engines:
        """Return requests running and waiting, KV usage, tokens and GPU-seconds over time."""
        wanted = SpanFilter(service=service or None, model=model or None)
        times = time_range(start, end)
        return schemas.engines(*resources.engines(step_reader, tenant, wanted, *times, points))

    @get("/gpus", summary="Read all GPUs", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_fleet(
        self,
        gpu_reader: NamedDependency[GpuReader],
        tenant: Tenant,
        start: From = None,
        end: To = None,
        points: Points = 200,
    ) -> schemas.Fleet:
        """Return utilization, power and memory of all GPUs over time."""
        times = time_range(start, end)
        return schemas.fleet(*resources.gpus(gpu_reader, tenant, *times, points))
