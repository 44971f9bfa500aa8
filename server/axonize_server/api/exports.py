"""Controllers: what is stored, as files that other tools read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from axonize_server.api.errors import documented
from axonize_server.api.parameters import From, Tenant, To, TracePath, time_range
from axonize_server.api.trace_filters import Search, provide_search
from axonize_server.api.traces import Reader
from axonize_server.export import otlp, parquet
from axonize_server.model import Sort
from axonize_server.query.ranges import check_range
from axonize_server.store.clickhouse.export.reader import ExportReader, SpanRange

PARQUET = "application/vnd.apache.parquet"
OTLP_JSON = "application/json"
LINES = "application/x-ndjson"
PROBLEMS = documented(400, 401, 403, 404, 429, 503, 504)

Exporter = NamedDependency[ExportReader]


def _file(media_type: str, description: str) -> dict[int, ResponseSpec]:
    return {
        200: ResponseSpec(
            bytes, description=description, media_type=media_type, generate_examples=False
        )
    }


class ExportController(Controller):
    """Take stored data elsewhere; answers are sent while they are read."""

    tags = ["Export"]  # noqa: RUF012 - Litestar declares it as an instance variable
    dependencies = {"search": Provide(provide_search, sync_to_thread=False)}  # noqa: RUF012

    @get(
        "/traces/{trace_id:str}/export",
        summary="Export a trace as OTLP/JSON",
        responses={**PROBLEMS, 200: ResponseSpec(
            dict[str, object],
            description="An ExportTraceServiceRequest.",
            media_type=OTLP_JSON,
            generate_examples=False,
        )},
        media_type=OTLP_JSON,
        sync_to_thread=True,
    )  # fmt: skip
    def export_trace(self, export_reader: Exporter, tenant: Tenant, trace_id: TracePath) -> Stream:
        """Return every span of a trace in one request that any OTLP receiver takes."""
        pieces = otlp.trace(export_reader, tenant, trace_id)
        return _stream(pieces, OTLP_JSON, f"{trace_id}.json")

    @get(
        "/traces/{trace_id:str}/export.jsonl",
        summary="Export a trace as lines of OTLP/JSON",
        responses={**PROBLEMS, **_file(LINES, "An ExportTraceServiceRequest a line.")},
        media_type=LINES,
        sync_to_thread=True,
    )
    def export_trace_lines(
        self, export_reader: Exporter, tenant: Tenant, trace_id: TracePath
    ) -> Stream:
        """Return every span of a trace in requests that any OTLP receiver takes, whatever its size.

        A line is one request of at most 4 MiB, unless one span is larger; `axonize import` sends
        them.
        """
        lines = otlp.lines(export_reader, tenant, trace_id)
        return _stream(lines, LINES, f"{trace_id}.jsonl")

    @get(
        "/export/spans",
        summary="Export spans as Parquet",
        responses={**PROBLEMS, **_file(PARQUET, "A Parquet file.")},
        media_type=PARQUET,
        sync_to_thread=True,
    )
    def export_spans(
        self,
        export_reader: Exporter,
        tenant: Tenant,
        start: From = None,
        end: To = None,
        service: Annotated[str | None, QueryParameter(description="Of this service.")] = None,
        model: Annotated[str | None, QueryParameter(description="That used this model.")] = None,
    ) -> Stream:
        """Return the spans that start in the range, each once, with everything stored of them."""
        from_ns, to_ns = time_range(start, end)
        check_range(from_ns, to_ns)
        wanted = SpanRange(from_ns, to_ns, service or None, model or None)
        return _stream(parquet.spans(export_reader, tenant, wanted), PARQUET, "spans.parquet")

    @get(
        "/export/traces",
        summary="Export a list of traces as Parquet",
        responses={**PROBLEMS, **_file(PARQUET, "A Parquet file.")},
        media_type=PARQUET,
        sync_to_thread=True,
    )
    def export_traces(
        self,
        reader: Reader,
        tenant: Tenant,
        search: Search,
        sort: Annotated[Sort, QueryParameter(description="`-` is descending.")] = "-start_time",
    ) -> Stream:
        """Return every trace of a list, filtered and sorted as `/api/v1/traces`."""
        wanted = msgspec.structs.replace(search, sort=sort)
        return _stream(parquet.traces(reader, tenant, wanted), PARQUET, "traces.parquet")


def _stream(pieces: Iterator[bytes], media_type: str, name: str) -> Stream:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Stream(pieces, media_type=media_type, headers=headers)
