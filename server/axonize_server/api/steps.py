"""Controller: /api/v1/steps, /api/v1/engines and the steps of a trace."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from axonize_server.api import step_schemas as schemas
from axonize_server.api.parameters import (
    QUERY_PROBLEMS,
    READ_PROBLEMS,
    Cursor,
    From,
    Tenant,
    To,
    TracePath,
    time_range,
)
from axonize_server.query import steps
from axonize_server.steps import StepSearch
from axonize_server.store.clickhouse.steps.reader import StepReader

Reader = NamedDependency[StepReader]


class StepController(Controller):
    """What inference engines did, step by step."""

    tags = ["Steps"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get("/steps", summary="List engine steps", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def list_steps(
        self,
        step_reader: Reader,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        engine: Annotated[str | None, QueryParameter(description="Id of one engine.")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
        cursor: Cursor = None,
    ) -> schemas.StepPage:
        """Return the steps that start in the range, newest first, with their requests."""
        from_ns, to_ns = time_range(start, end)
        wanted = StepSearch(from_ns=from_ns, to_ns=to_ns, engine_id=engine or None, limit=limit)
        found, next_cursor = steps.search(step_reader, tenant, wanted, cursor)
        return schemas.StepPage([schemas.step(each) for each in found], next_cursor)

    @get("/engines", summary="List engines", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def list_engines(
        self, step_reader: Reader, tenant: Tenant, start: From = None, end: To = None
    ) -> schemas.EngineList:
        """Return the engines that made steps in the range, at most 1000, the last seen first."""
        found = steps.engines(step_reader, tenant, *time_range(start, end))
        return schemas.EngineList([schemas.engine(each) for each in found])

    @get(
        "/traces/{trace_id:str}/steps",
        summary="List the engine steps of a trace",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def list_trace_steps(
        self,
        step_reader: Reader,
        tenant: Tenant,
        trace_id: TracePath,
        limit: Annotated[int, QueryParameter(ge=1, le=5000)] = 1000,
        cursor: Cursor = None,
    ) -> schemas.TraceStepPage:
        """Return the steps that requests of a trace rode in, by start, with their mates."""
        found, next_cursor = steps.trace_steps(step_reader, tenant, trace_id, limit, cursor)
        return schemas.trace_steps(trace_id, found, next_cursor)
