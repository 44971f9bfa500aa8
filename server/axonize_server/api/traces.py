"""Controller: /api/v1/traces."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, delete, get
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter

from axonize_server.api import column_schemas, filter_schemas, schemas
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
from axonize_server.api.trace_filters import Search, provide_search
from axonize_server.erasure import TraceErasure
from axonize_server.model import Sort, TraceSearch
from axonize_server.query import traces
from axonize_server.query.cursor import SPAN_ID
from axonize_server.query.filter_text import FilterFault, refine
from axonize_server.store.clickhouse.reader import SpanReader

Reader = NamedDependency[SpanReader]
SpanPath = Annotated[str, PathParameter(pattern=SPAN_ID.pattern, description="16 hex digits.")]


class TraceController(Controller):
    """Search traces, and read one with its spans."""

    path = "/traces"
    tags = ["Traces"]  # noqa: RUF012 - Litestar declares it as an instance variable
    dependencies = {"search": Provide(provide_search, sync_to_thread=False)}  # noqa: RUF012

    @get(summary="List traces", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def list_traces(
        self,
        reader: Reader,
        tenant: Tenant,
        search: Search,
        sort: Annotated[Sort, QueryParameter(description="`-` is descending.")] = "-start_time",
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
        cursor: Cursor = None,
    ) -> schemas.TracePage:
        """Return the traces that start in the range and match every filter given."""
        wanted = msgspec.structs.replace(search, sort=sort, limit=limit)
        found, next_cursor = traces.search(reader, tenant, wanted, cursor)
        return schemas.TracePage([schemas.trace_summary(each) for each in found], next_cursor)

    @get(
        "/facets",
        summary="List the values of filters",
        responses=QUERY_PROBLEMS,
        sync_to_thread=True,
    )
    def list_facets(
        self, reader: Reader, tenant: Tenant, start: From = None, end: To = None
    ) -> schemas.TraceFacets:
        """Return the services and models that were seen in the range."""
        found = traces.facets(reader, tenant, *time_range(start, end))
        return schemas.TraceFacets(found.services, found.models)

    @get("/filter", summary="Read a filter", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def read_filter(
        self, text: Annotated[str, QueryParameter(max_length=2000, description="As for `filter`.")]
    ) -> filter_schemas.WrittenFilter:
        """Return what a text filters, or what is wrong with it and where."""
        try:
            return filter_schemas.written_filter(refine(TraceSearch(from_ns=0, to_ns=0), text))
        except FilterFault as fault:
            return filter_schemas.refused(fault)

    @get("/{trace_id:str}", summary="Read one trace", responses=READ_PROBLEMS, sync_to_thread=True)
    def read_trace(
        self, reader: Reader, tenant: Tenant, trace_id: TracePath
    ) -> schemas.TraceDetail:
        """Return one trace and its spans in tree order."""
        return schemas.trace_detail(traces.trace(reader, tenant, trace_id))

    @get(
        "/{trace_id:str}/columns",
        summary="Read one trace by columns",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def read_trace_columns(
        self, reader: Reader, tenant: Tenant, trace_id: TracePath
    ) -> column_schemas.TraceColumns:
        """Return one trace and its spans in tree order, a list for each of their fields.

        A quarter of the bytes of the same spans one by one, and sooner written and read.
        """
        return column_schemas.trace_columns(traces.trace_table(reader, tenant, trace_id))

    @delete(
        "/{trace_id:str}",
        summary="Delete a trace",
        responses=READ_PROBLEMS,
        opt={"right": "erase"},
        sync_to_thread=True,
    )
    def delete_trace(
        self, trace_erasure: NamedDependency[TraceErasure], tenant: Tenant, trace_id: TracePath
    ) -> None:
        """Remove a trace for good, from lists, statistics and engine steps too; takes seconds.

        Takes a key with the scope `admin`, or that of a server with one key. Spans of it that come
        within seven days are removed again.
        """
        trace_erasure.erase(tenant, trace_id)

    @get(
        "/{trace_id:str}/spans",
        summary="List the spans of a trace",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def list_spans(
        self,
        reader: Reader,
        tenant: Tenant,
        trace_id: TracePath,
        limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 1000,
        cursor: Cursor = None,
    ) -> schemas.SpanPage:
        """Return the spans of a trace by start, with everything stored about them."""
        found, next_cursor = traces.spans(reader, tenant, trace_id, limit, cursor)
        return schemas.SpanPage([schemas.span_detail(each) for each in found], next_cursor)

    @get(
        "/{trace_id:str}/spans/{span_id:str}",
        summary="Read one span",
        responses=READ_PROBLEMS,
        sync_to_thread=True,
    )
    def read_span(
        self, reader: Reader, tenant: Tenant, trace_id: TracePath, span_id: SpanPath
    ) -> schemas.SpanDetail:
        """Return one span with everything stored about it."""
        return schemas.span_detail(traces.span(reader, tenant, trace_id, span_id))
