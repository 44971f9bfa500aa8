"""Controller: /api/v1/analytics, traces over time: how long they took, and what differs."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from axonize_server.api import request_schemas as schemas
from axonize_server.api.parameters import QUERY_PROBLEMS, Tenant
from axonize_server.api.times import parse_time
from axonize_server.api.trace_filters import Search, nanoseconds, provide_search
from axonize_server.query import requests
from axonize_server.query.differences import differences
from axonize_server.query.heatmap import heatmap
from axonize_server.query.models import models
from axonize_server.requests import Box, Grouping
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.steps.reader import StepReader

Reader = NamedDependency[SpanReader]
Points = Annotated[int, QueryParameter(ge=1, le=500, description="At most this many columns.")]
LONGEST_NS = 2**62


class RequestController(Controller):
    """Traces counted by start and duration; the filters are those of the list."""

    path = "/analytics"
    tags = ["Analytics"]  # noqa: RUF012 - Litestar declares it as an instance variable
    dependencies = {"search": Provide(provide_search, sync_to_thread=False)}  # noqa: RUF012

    @get(
        "/heatmap",
        summary="Count traces by start and duration",
        responses=QUERY_PROBLEMS,
        sync_to_thread=True,
    )
    def read_heatmap(
        self, reader: Reader, tenant: Tenant, search: Search, points: Points = 200
    ) -> schemas.Heatmap:
        """Return how many traces began when and lasted how long, each counted once."""
        found = heatmap(reader.requests, tenant, search, points)
        return schemas.heatmap(search.from_ns, found)

    @get("/requests", summary="Read requests", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_requests(
        self, reader: Reader, tenant: Tenant, search: Search, points: Points = 200
    ) -> schemas.RequestSeries:
        """Return requests, errors and quantiles of durations over time, each trace counted once."""
        found = requests.over_time(reader.requests, tenant, search, points)
        return schemas.series(search.to_ns - search.from_ns, found)

    @get(
        "/requests/groups",
        summary="Read requests by service or model",
        responses=QUERY_PROBLEMS,
        sync_to_thread=True,
    )
    def read_request_groups(
        self,
        reader: Reader,
        tenant: Tenant,
        search: Search,
        by: Annotated[Grouping, QueryParameter(description="What to group by.")] = "service",
    ) -> schemas.RequestGroups:
        """Return what the traces of each service, or each model, add up to."""
        found = requests.grouped(reader.requests, tenant, search, by)
        return schemas.groups(search.to_ns - search.from_ns, found)

    @get("/models", summary="Compare models", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_models(
        self,
        reader: Reader,
        minute_reader: NamedDependency[MinuteReader],
        step_reader: NamedDependency[StepReader],
        tenant: Tenant,
        search: Search,
    ) -> schemas.Models:
        """Return the models side by side. Tokens and their times are those of whole minutes, and
        with the seconds of GPUs depend on time, service and model alone.
        """
        found = models(reader, minute_reader, step_reader, tenant, search)
        return schemas.models(search.to_ns - search.from_ns, found)

    @get("/differences", summary="Compare traces", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_differences(
        self,
        reader: Reader,
        tenant: Tenant,
        search: Search,
        box_from: Annotated[str, QueryParameter(description="Start of the box, RFC 3339.")],
        box_to: Annotated[str, QueryParameter(description="Its end, not part of it.")],
        box_min_ms: Annotated[
            float, QueryParameter(ge=0, le=1e12, description="Shortest duration in the box, ms.")
        ] = 0,
        box_max_ms: Annotated[
            float | None,
            QueryParameter(ge=0, le=1e12, description="Shorter than this, ms; any by default."),
        ] = None,
    ) -> schemas.Differences:
        """Return what the traces in a box of the heatmap have that the others have not."""
        longest = nanoseconds(box_max_ms)
        box = Box(
            parse_time("box_from", box_from),
            parse_time("box_to", box_to),
            round(box_min_ms * 1e6),
            LONGEST_NS if longest is None else longest,
        )
        return schemas.differences(differences(reader.requests, tenant, search, box))
