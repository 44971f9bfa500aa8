"""Reads whole rows of spans, for those who take them elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from axonize_server.store.clickhouse.connection import ClientPool, read_error
from axonize_server.store.clickhouse.export import sql
from axonize_server.store.clickhouse.sql import arrived_from

STRETCHES = 1000
Attributes = tuple[Sequence[str], Sequence[str], str]
"""Keys, values as text, and a letter for the type of each."""


class OtlpSpan(NamedTuple):
    """A span as OTLP carries it; times in Unix ns, ids in lowercase hex, enums as numbers."""

    trace_id: str
    span_id: str
    parent_span_id: str
    trace_state: str
    flags: int
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    status_message: str
    attributes: Attributes
    event_times: Sequence[int]
    event_names: Sequence[str]
    event_attributes: Sequence[Attributes]
    link_traces: Sequence[str]
    link_spans: Sequence[str]
    link_states: Sequence[str]
    link_attributes: Sequence[Attributes]
    resource: Attributes
    scope_name: str
    scope_version: str
    scope: Attributes


class SpanRange(NamedTuple):
    """Spans that start in [from_ns, to_ns), Unix ns, of a service and model where these are set."""

    from_ns: int
    to_ns: int
    service: str | None = None
    model: str | None = None


class ExportReader:
    """Reads spans of one tenant; raises QueryTooSlow, QueryTooLarge and StoreUnavailable."""

    def __init__(self, pool: ClientPool, limits: Mapping[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def otlp_spans(
        self, tenant: str, trace_id: str, after: tuple[int, str], limit: int
    ) -> list[OtlpSpan]:
        """Return spans of a trace in order of (start, id), those that follow `after`."""
        parameters = {
            "tenant": tenant,
            "trace_id": trace_id,
            "after_start": after[0],
            "after_span": after[1],
            "limit": limit,
        }
        columns = self._pool.columns(sql.OTLP_SPANS, parameters, self._limits)
        return [OtlpSpan(*row) for row in zip(*columns, strict=True)]

    def pieces(self, tenant: str, wanted: SpanRange, most: int) -> Iterator[SpanRange]:
        """Cut a range into parts that hold at most `most` rows, or those of one nanosecond."""
        width = max(-(-(wanted.to_ns - wanted.from_ns) // STRETCHES), 1)
        parameters = self._parameters(tenant, wanted) | {"width": width}
        columns = self._pool.columns(sql.COUNTS, parameters, self._limits)
        for first, last, rows in _runs(zip(*columns, strict=True), most):
            start = wanted.from_ns + first * width
            end = min(wanted.from_ns + (last + 1) * width, wanted.to_ns)
            piece = wanted._replace(from_ns=start, to_ns=end)
            if rows > most and width > 1:
                yield from self.pieces(tenant, piece, most)
            else:
                yield piece

    def spans(self, tenant: str, wanted: SpanRange) -> pa.Table:
        """Return the spans of a range, each once, by start."""
        with self._pool.client() as client:
            try:
                found: pa.Table = client.query_arrow(
                    sql.SPANS,
                    parameters=self._parameters(tenant, wanted),
                    settings=dict(self._limits),
                    use_strings=True,
                )
            except (ClickHouseError, OSError) as error:
                raise read_error(error) from error
            return found

    @staticmethod
    def _parameters(tenant: str, wanted: SpanRange) -> dict[str, Any]:
        return {
            "tenant": tenant,
            "arrived_from": arrived_from(wanted.from_ns),
            "from": wanted.from_ns,
            "to": wanted.to_ns,
            "service": wanted.service,
            "model": wanted.model,
        }


def _runs(counts: Iterator[tuple[int, int]], most: int) -> Iterator[tuple[int, int, int]]:
    """Join neighbours that hold `most` rows together: first and last stretch, and the rows."""
    run: tuple[int, int, int] | None = None
    for stretch, rows in counts:
        if run is None:
            run = (stretch, stretch, rows)
        elif run[2] + rows <= most:
            run = (run[0], stretch, run[2] + rows)
        else:
            yield run
            run = (stretch, stretch, rows)
    if run is not None:
        yield run
