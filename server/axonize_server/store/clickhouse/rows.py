"""Rows of the table `spans` to records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axonize_server.model import SpanEvent, SpanLink, SpanRecord
from axonize_server.store.clickhouse.attributes import decode


def span_record(trace_id: str, row: Sequence[Any]) -> SpanRecord:
    """Build a span from the columns of `SPAN_DETAIL`, in that order."""
    return SpanRecord(
        trace_id=trace_id,
        **dict(zip(_SCALARS, row[:12], strict=True)),
        attributes=decode(*row[12:15]),
        resource=decode(*row[15:18]),
        events=_events(*row[18:23]),
        links=_links(*row[23:29]),
    )


_SCALARS = (
    *("span_id", "parent_span_id", "name", "kind", "service_name", "scope_name"),
    *("scope_version", "start_ns", "end_ns", "status", "status_message", "trace_state"),
)


def _events(names: Sequence[str], times: Sequence[int], *maps: Sequence[Any]) -> list[SpanEvent]:
    rows = zip(names, times, *maps, strict=True)
    return [SpanEvent(name, time, decode(*attributes)) for name, time, *attributes in rows]


def _links(
    trace_ids: Sequence[str], span_ids: Sequence[str], states: Sequence[str], *maps: Sequence[Any]
) -> list[SpanLink]:
    rows = zip(trace_ids, span_ids, states, *maps, strict=True)
    return [
        SpanLink(linked_trace, linked_span, state, decode(*attributes))
        for linked_trace, linked_span, state, *attributes in rows
    ]
