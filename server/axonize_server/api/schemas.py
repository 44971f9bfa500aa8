"""What the wire carries; durations are ms as floats unless the name says ns."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server import model
from axonize_server.api.times import format_time
from axonize_server.model import AttributeValue, Kind, SpanNode, SpanStatus, Status

Time = Annotated[
    str,
    Meta(
        description="RFC 3339 in UTC with nanoseconds.", examples=["2026-11-23T07:39:01.123456789Z"]
    ),
]
TraceId = Annotated[str, Meta(examples=["5b8aa5a2d2c872e8321cf37308d69df2"])]
SpanId = Annotated[str, Meta(examples=["051581bf3cb55c13"])]
Cursor = Annotated[
    str | None, Meta(description="Pass it as `cursor` for the next page; null on the last one.")
]

TOKENS = (
    "Spans of kind client and all others are added up apart, and the larger sum counts: a call "
    "that is traced at both of its ends counts once. So do output and cached tokens."
)


class TraceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One trace in a list. Name and service are those of its root, else of its earliest span."""

    trace_id: TraceId
    start_time: Time
    duration_ms: float
    name: str
    service_name: str
    services: list[str]
    models: list[str]
    status: Annotated[Status, Meta(description="`error` when any span failed.")]
    span_count: int
    error_count: int
    input_tokens: Annotated[int, Meta(description=TOKENS)]
    output_tokens: int
    ttft_ms: Annotated[
        float | None, Meta(description="Shortest time to first token of its spans, in ms.")
    ]
    setup: Annotated[
        bool, Meta(description="Its root says `axonize.setup`: it makes ready, and is no request.")
    ]


class TracePage(msgspec.Struct, frozen=True):
    """One page of traces."""

    items: list[TraceSummary]
    next_cursor: Cursor


class TraceDetail(TraceSummary, frozen=True, kw_only=True):
    """One trace and its spans, depth-first, siblings by start.

    `spans` holds the first 100,000 by start; `span_count` counts all of them.
    """

    spans: list[SpanNode]


class Scope(msgspec.Struct, frozen=True):
    """The library that made the span."""

    name: str
    version: str


class Event(msgspec.Struct, frozen=True):
    """Something that happened during a span."""

    name: str
    time: Time
    attributes: dict[str, AttributeValue]


class Link(msgspec.Struct, frozen=True):
    """A pointer to a span of this or another trace."""

    trace_id: TraceId
    span_id: SpanId
    trace_state: str
    attributes: dict[str, AttributeValue]


class SpanDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything stored about one span.

    Attributes have the JSON value of their type. Integers are exact beyond 2^53; bytes are
    `{"bytes": "<base64>"}`; NaN and the infinities are text.
    """

    trace_id: TraceId
    span_id: SpanId
    parent_span_id: str | None
    name: str
    kind: Kind
    service_name: str
    scope: Scope
    start_time: Time
    end_time: Time
    duration_ms: float
    status: SpanStatus
    status_message: str
    trace_state: str
    attributes: dict[str, AttributeValue]
    resource: dict[str, AttributeValue]
    events: list[Event]
    links: list[Link]


class SpanPage(msgspec.Struct, frozen=True):
    """One page of the spans of a trace, by start."""

    items: list[SpanDetail]
    next_cursor: Cursor


class TraceFacets(msgspec.Struct, frozen=True):
    """The values that the filters can take, sorted, at most 1000 of each."""

    services: list[str]
    models: list[str]


class Problem(msgspec.Struct, frozen=True):
    """An error as RFC 9457 describes it."""

    type: Annotated[str, Meta(examples=["about:blank"])]
    title: Annotated[str, Meta(examples=["Bad Request"])]
    status: Annotated[int, Meta(examples=[400])]
    detail: Annotated[
        str,
        Meta(examples=["from: expected an RFC 3339 time such as 2026-11-23T07:39:01.123Z"]),
    ]


def trace_summary(trace: model.TraceRecord) -> TraceSummary:
    """Write a trace of a list for the wire."""
    return TraceSummary(
        trace_id=trace.trace_id,
        start_time=format_time(trace.start_ns),
        duration_ms=trace.duration_ns / 1e6,
        name=trace.name,
        service_name=trace.service_name,
        services=trace.services,
        models=trace.models,
        status=trace.status,
        span_count=trace.span_count,
        error_count=trace.error_count,
        input_tokens=trace.input_tokens,
        output_tokens=trace.output_tokens,
        ttft_ms=trace.ttft_ms,
        setup=trace.setup,
    )


def trace_detail(trace: model.Trace) -> TraceDetail:
    """Write a whole trace for the wire."""
    summary = msgspec.structs.asdict(trace_summary(trace.summary))
    return TraceDetail(**summary, spans=trace.spans)


def span_detail(span: model.SpanRecord) -> SpanDetail:
    """Write one span with everything about it for the wire."""
    return SpanDetail(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id or None,
        name=span.name,
        kind=span.kind,
        service_name=span.service_name,
        scope=Scope(span.scope_name, span.scope_version),
        start_time=format_time(span.start_ns),
        end_time=format_time(span.end_ns),
        duration_ms=(span.end_ns - span.start_ns) / 1e6,
        status=span.status,
        status_message=span.status_message,
        trace_state=span.trace_state,
        attributes=span.attributes,
        resource=span.resource,
        events=[
            Event(event.name, format_time(event.time_ns), event.attributes) for event in span.events
        ],
        links=[
            Link(link.trace_id, link.span_id, link.trace_state, link.attributes)
            for link in span.links
        ],
    )
