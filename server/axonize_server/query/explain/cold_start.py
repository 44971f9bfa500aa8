"""The cold start that a caller waited for: a trace of the process that then answered."""

from __future__ import annotations

from collections.abc import Iterator

from axonize_server.model import SpanRecord, SpanRow, TraceSearch
from axonize_server.query import traces
from axonize_server.query.explain.parts import Extra
from axonize_server.query.explain.records import TraceEvidence
from axonize_server.query.explain.timeline import Piece
from axonize_server.store.clickhouse.reader import SpanReader

NAME = "cold start"
# How long before the root a cold start may have begun.
BEFORE_NS = 3_600_000_000_000
PROCESS = ("host.name", "process.pid")
MOST_STARTS = 20


def find_start(
    reader: SpanReader, tenant: str, answered: SpanRecord, from_ns: int, to_ns: int
) -> tuple[str, list[SpanRow]] | None:
    """Return the trace of the cold start of the process that answered; its first span is the whole.

    It ended in [from_ns, to_ns), Unix ns; None when there is none.
    """
    process = [answered.resource.get(name) for name in PROCESS]
    if None in process:
        return None
    wanted = TraceSearch(
        from_ns=max(from_ns - BEFORE_NS, 0),
        to_ns=to_ns,
        text=NAME,
        service=answered.service_name,
        limit=MOST_STARTS,
    )
    found, _ = traces.search(reader, tenant, wanted, None)
    for trace in found:
        spans = reader.trace_spans(tenant, trace.trace_id)
        start = next((each for each in spans if each.name == NAME), None)
        if start is None or not from_ns < start.end_ns < to_ns:
            continue
        record = reader.span(tenant, trace.trace_id, start.span_id)
        if record and [record.resource.get(name) for name in PROCESS] == process:
            return trace.trace_id, [start, *(each for each in spans if each is not start)]
    return None


def evidence(trace_id: str, spans: list[SpanRow]) -> Extra:
    """Return the trace of a cold start, with the ms of what it was made of."""
    start = spans[0]
    phases = {
        f"{each.name.replace(' ', '_')}_ms": (each.end_ns - each.start_ns) / 1e6
        for each in spans
        if each.parent_span_id == start.span_id
    }
    whole = {"cold_start_ms": (start.end_ns - start.start_ns) / 1e6}
    return Extra([TraceEvidence(trace_id, start.span_id)], {**whole, **phases})


def cut(piece: Piece, start: int, end: int) -> Iterator[Piece]:
    """Give the part of a piece that lies in [start, end) to the cold start."""
    first, last = max(piece.start, start), min(piece.end, end)
    if first >= last:
        yield piece
        return
    if piece.start < first:
        yield piece._replace(end=first)
    yield piece._replace(kind="cold_start", start=first, end=last)
    if last < piece.end:
        yield piece._replace(start=last)
