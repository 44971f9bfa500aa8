"""ExportTraceServiceRequest as OTLP/JSON."""

from __future__ import annotations

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from axonize_server.ingest.json_messages import (
    Enum,
    Hex,
    KeyValue,
    Message,
    Resource,
    Scope,
    UInt32,
    UInt64,
    reader,
)


class SpanKind(Enum):
    """Of a span."""

    protobuf = trace_pb2.Span.SpanKind


class StatusCode(Enum):
    """Of a status."""

    protobuf = trace_pb2.Status.StatusCode


class _Event(Message):
    protobuf = trace_pb2.Span.Event
    time_unix_nano: UInt64 | None = None
    name: str | None = None
    attributes: list[KeyValue] | None = None


class _Link(Message):
    protobuf = trace_pb2.Span.Link
    trace_id: Hex | None = None
    span_id: Hex | None = None
    trace_state: str | None = None
    attributes: list[KeyValue] | None = None
    flags: UInt32 | None = None


class _Status(Message):
    protobuf = trace_pb2.Status
    message: str | None = None
    code: StatusCode | None = None


class _Span(Message):
    protobuf = trace_pb2.Span
    trace_id: Hex | None = None
    span_id: Hex | None = None
    trace_state: str | None = None
    parent_span_id: Hex | None = None
    flags: UInt32 | None = None
    name: str | None = None
    kind: SpanKind | None = None
    start_time_unix_nano: UInt64 | None = None
    end_time_unix_nano: UInt64 | None = None
    attributes: list[KeyValue] | None = None
    events: list[_Event] | None = None
    links: list[_Link] | None = None
    status: _Status | None = None


class _ScopeSpans(Message):
    protobuf = trace_pb2.ScopeSpans
    scope: Scope | None = None
    spans: list[_Span] | None = None


class _ResourceSpans(Message):
    protobuf = trace_pb2.ResourceSpans
    resource: Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _Request(Message):
    protobuf = ExportTraceServiceRequest
    resource_spans: list[_ResourceSpans] | None = None


to_protobuf = reader(_Request)
"""Returns the request as protobuf bytes; MalformedRequest names the place of an error."""
