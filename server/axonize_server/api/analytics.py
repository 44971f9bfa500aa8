"""Controller: /api/v1/analytics, spans over time."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from axonize_server.api import analytics_schemas as schemas
from axonize_server.api.parameters import QUERY_PROBLEMS, From, Tenant, To, time_range
from axonize_server.minutes import SpanFilter
from axonize_server.query import analytics
from axonize_server.store.clickhouse.minutes.reader import MinuteReader

Reader = NamedDependency[MinuteReader]
Service = Annotated[str | None, QueryParameter(description="Spans of this service only.")]
Model = Annotated[str | None, QueryParameter(description="Spans of this model only.")]
Operation = Annotated[
    str | None, QueryParameter(description="Spans of this `gen_ai.operation.name` only.")
]
Points = Annotated[
    int, QueryParameter(ge=1, le=2000, description="At most this many buckets of whole minutes.")
]


class AnalyticsController(Controller):
    """Spans by the minute in which they ended; a range is widened to whole minutes."""

    path = "/analytics"
    tags = ["Analytics"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/overview", summary="Sum up spans", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_overview(
        self,
        minute_reader: Reader,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        service: Service = None,
        model: Model = None,
        operation: Operation = None,
    ) -> schemas.Overview:
        """Return what the spans of each service, model and operation add up to."""
        wanted = SpanFilter(service=service, model=model, operation=operation)
        found = analytics.overview(minute_reader, tenant, wanted, *time_range(start, end))
        return schemas.Overview([schemas.group(each) for each in found])

    @get("/latency", summary="Read latency", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_latency(
        self,
        minute_reader: Reader,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        service: Service = None,
        model: Model = None,
        operation: Operation = None,
        points: Points = 300,
    ) -> schemas.Latency:
        """Return percentiles of duration and time to first token over time."""
        wanted = SpanFilter(service=service, model=model, operation=operation)
        times = time_range(start, end)
        return schemas.latency(*analytics.series(minute_reader, tenant, wanted, *times, points))

    @get("/throughput", summary="Read throughput", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_throughput(
        self,
        minute_reader: Reader,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        service: Service = None,
        model: Model = None,
        operation: Operation = None,
        points: Points = 300,
    ) -> schemas.Throughput:
        """Return spans, errors, tokens and cost over time, and how many that is a second."""
        wanted = SpanFilter(service=service, model=model, operation=operation)
        times = time_range(start, end)
        return schemas.throughput(*analytics.series(minute_reader, tenant, wanted, *times, points))
