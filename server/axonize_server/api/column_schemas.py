"""A trace on the wire by columns, which is how a page opens one of 100,000 spans."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from axonize_server.api.schemas import TraceSummary, trace_summary
from axonize_server.model import SpanGPU, SpanTable, TraceTable
from axonize_server.query.tree import ROOT, Order, order

Value = TypeVar("Value")
At = Annotated[list[int], Meta(description="Where in `values` the text of each span is.")]


class TextColumn(msgspec.Struct, frozen=True):
    """A text of each span, every text once; "" where there is none."""

    values: list[str]
    at: At


class GpuColumn(msgspec.Struct, frozen=True):
    """The GPUs of each span, every set of them once."""

    values: list[list[SpanGPU]]
    at: At


class Orphan(msgspec.Struct, frozen=True):
    """A span whose parent the trace does not hold; `at`: its place."""

    at: int
    parent_span_id: str


class SpanColumns(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of all spans, depth-first, siblings by start; each has the meaning of a span's.

    The parent of a span is the last one before it that is less deep.
    """

    span_id: list[str]
    depth: list[int]
    name: TextColumn
    service_name: TextColumn
    kind: TextColumn
    status: TextColumn
    start_offset_ns: list[int]
    duration_ns: list[int]
    model: TextColumn
    input_tokens: list[int]
    output_tokens: list[int]
    ttft_ms: Annotated[list[float], Meta(description="0 where there is none.")]
    gpus: GpuColumn
    links: list[int]
    events: list[int]
    orphans: list[Orphan]
    skewed: Annotated[list[int], Meta(description="Places of those that are.")]
    clock: TextColumn


class TraceColumns(TraceSummary, frozen=True, kw_only=True):
    """One trace and its spans by columns.

    `spans` holds the first 100,000 by start; `span_count` counts all of them.
    """

    spans: SpanColumns


def trace_columns(trace: TraceTable) -> TraceColumns:
    """Write a whole trace for the wire."""
    table = trace.spans
    spans = _columns(table, order(table.span_id, table.parent_span_id))
    return TraceColumns(**msgspec.structs.asdict(trace_summary(trace.summary)), spans=spans)


def _columns(table: SpanTable, found: Order) -> SpanColumns:
    places, starts = found.places, table.start_ns
    origin_ns = min(starts, default=0)
    return SpanColumns(
        span_id=_taken(table.span_id, places),
        depth=_taken(found.depths, places),
        name=_texts(table.name, places),
        service_name=_texts(table.service_name, places),
        kind=_texts(table.kind, places),
        status=_texts(table.status, places),
        start_offset_ns=[starts[place] - origin_ns for place in places],
        duration_ns=[table.end_ns[place] - starts[place] for place in places],
        model=_texts(table.model, places),
        input_tokens=_taken(table.input_tokens, places),
        output_tokens=_taken(table.output_tokens, places),
        ttft_ms=_taken(table.ttft_ms, places),
        gpus=_gpus(table.gpus, places),
        links=_taken(table.links, places),
        events=_taken(table.events, places),
        orphans=_orphans(table, found),
        skewed=_skewed(starts, found),
        clock=_texts(table.clock, places),
    )


def _taken(values: Sequence[Value], places: list[int]) -> list[Value]:
    """Return the values at these places; itemgetter gives one alone as it is."""
    return list(itemgetter(*places)(values)) if len(places) > 1 else [values[at] for at in places]


def _texts(values: Sequence[str], places: list[int]) -> TextColumn:
    taken = _taken(values, places)
    known = {text: at for at, text in enumerate(dict.fromkeys(taken))}
    return TextColumn(list(known), [known[text] for text in taken])


def _gpus(values: list[list[SpanGPU]], places: list[int]) -> GpuColumn:
    taken = [tuple(values[place]) for place in places]
    known = {gpus: at for at, gpus in enumerate(dict.fromkeys(taken))}
    return GpuColumn([list(gpus) for gpus in known], [known[gpus] for gpus in taken])


def _orphans(table: SpanTable, found: Order) -> list[Orphan]:
    parents, names = found.parents, table.parent_span_id
    return [
        Orphan(at, names[place])
        for at, place in enumerate(found.places)
        if parents[place] == ROOT and names[place]
    ]


def _skewed(starts: list[int], found: Order) -> list[int]:
    parents = found.parents
    return [
        at
        for at, place in enumerate(found.places)
        if parents[place] != ROOT and starts[place] < starts[parents[place]]
    ]
