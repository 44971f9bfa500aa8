"""Controller: /api/v1/traces."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get
from litestar.di import NamedDependency
from litestar.params import Parameter, PathParameter, QueryParameter

from axonize_server.api import schemas
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
from axonize_server.erasure import TraceErasure
from axonize_server.model import Sort, Status, TraceSearch
from axonize_server.query import traces
from axonize_server.query.attributes import attribute_filter
from axonize_server.query.cursor import SPAN_ID
from axonize_server.store.clickhouse.reader import SpanReader

Reader = NamedDependency[SpanReader]
SpanPath = Annotated[str, PathParameter(pattern=SPAN_ID.pattern, description="16 hex digits.")]
Milliseconds = Annotated[float | None, QueryParameter(ge=0, le=1e12, description="In ms.")]

Attributes = Annotated[
    list[Annotated[str, Parameter(max_length=500)]] | None,
    QueryParameter(
        max_items=8,
        description="Of any span or of its resource: `key`, `key=value`, `key!=value`, or `key` "
        "and one of `>` `>=` `<` `<=` with a number. Each of several is met by some span.",
    ),
]


class TraceController(Controller):
    """Search traces, and read one with its spans."""

    path = "/traces"
    tags = ["Traces"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @get(summary="List traces", responses=QUERY_PROBLEMS, sync_to_thread=True)
    def list_traces(
        self,
        reader: Reader,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        service: Annotated[str | None, QueryParameter(description="Any span is of it.")] = None,
        model: Annotated[str | None, QueryParameter(description="Any span used it.")] = None,
        gpu: Annotated[
            str | None,
            QueryParameter(
                max_length=256, description="Any span ran on this GPU, or on a MIG instance of it."
            ),
        ] = None,
        status: Annotated[
            Status | None, QueryParameter(description="`error`: any span failed; `ok`: none did.")
        ] = None,
        min_duration_ms: Milliseconds = None,
        max_duration_ms: Milliseconds = None,
        q: Annotated[
            str | None,
            QueryParameter(
                max_length=200,
                description="Part of a span's name or service, or the start of a trace id; "
                "any case.",
            ),
        ] = None,
        attribute: Attributes = None,
        sort: Annotated[Sort, QueryParameter(description="`-` is descending.")] = "-start_time",
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
        cursor: Cursor = None,
    ) -> schemas.TracePage:
        """Return the traces that start in the range and match every filter given."""
        wanted = trace_search(
            *time_range(start, end),
            service=service,
            model=model,
            gpu=gpu,
            status=status,
            min_duration_ms=min_duration_ms,
            max_duration_ms=max_duration_ms,
            q=q,
            attribute=attribute,
            sort=sort,
            limit=limit,
        )
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

    @get("/{trace_id:str}", summary="Read one trace", responses=READ_PROBLEMS, sync_to_thread=True)
    def read_trace(
        self, reader: Reader, tenant: Tenant, trace_id: TracePath
    ) -> schemas.TraceDetail:
        """Return one trace and its spans in tree order."""
        return schemas.trace_detail(traces.trace(reader, tenant, trace_id))

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


def trace_search(
    from_ns: int,
    to_ns: int,
    *,
    service: str | None,
    model: str | None,
    gpu: str | None,
    status: Status | None,
    min_duration_ms: float | None,
    max_duration_ms: float | None,
    q: str | None,
    attribute: list[str] | None,
    sort: Sort,
    limit: int = 50,
) -> TraceSearch:
    """Return what the parameters of a list mean; raises InvalidQuery."""
    return TraceSearch(
        from_ns=from_ns,
        to_ns=to_ns,
        service=service or None,
        model=model or None,
        gpu=gpu or None,
        status=status,
        min_duration_ns=_nanoseconds(min_duration_ms),
        max_duration_ns=_nanoseconds(max_duration_ms),
        text=q or None,
        attributes=tuple(attribute_filter(each) for each in attribute or ()),
        sort=sort,
        limit=limit,
    )


def _nanoseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else round(milliseconds * 1e6)
