"""Spans to OTLP protobuf, as opentelemetry/proto/trace/v1/trace.proto defines it; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from axonize.guard import guarded
from axonize.protobuf import count, field, fixed32, fixed64, pack_double, text, text_field, varint
from axonize.spans import KINDS, STATUSES, Event, Span, SpanContext
from axonize.values import plain_attributes

_KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS, start=1)}
_UNSIGNED_64 = 2**64 - 1


def encode_spans(spans: Iterable[Span]) -> bytes:
    """Encode each span as one ScopeSpans.spans field; a span that cannot be encoded is left out."""
    return b"".join(encoded for span in spans if (encoded := _encode_one(span)))


def encode_request(
    resource: Mapping[str, Any], scope: tuple[str, str], encoded_spans: list[bytes]
) -> bytes:
    """Encode a whole ExportTraceServiceRequest: resource attributes, scope (name, version)."""
    name, version = scope
    scope_field = field(b"\x0a", text_field(b"\x0a", name) + text_field(b"\x12", version))
    resource_field = field(b"\x0a", attributes_field(b"\x0a", plain_attributes(resource)))
    # Headers first and the spans once, for they may be megabytes.
    length = len(scope_field) + sum(map(len, encoded_spans))
    scope_spans = b"\x12" + varint(length)
    header = b"\x0a" + varint(len(resource_field) + len(scope_spans) + length)
    return b"".join([header, resource_field, scope_spans, scope_field, *encoded_spans])


@guarded
def _encode_one(span: Span) -> bytes:
    return field(b"\x12", _span(span))


def _span(span: Span) -> bytes:
    return b"".join(
        [
            b"\x0a\x10",
            bytes.fromhex(span.trace_id),
            b"\x12\x08",
            bytes.fromhex(span.span_id),
            text_field(b"\x1a", span.trace_state),
            b"\x22\x08" + bytes.fromhex(span.parent_span_id) if span.parent_span_id else b"",
            text_field(b"\x2a", span.name),
            b"\x30" + varint(_KIND_NUMBERS[span.kind]),
            fixed64(b"\x39", span.start_ns),
            fixed64(b"\x41", span.end_ns),
            attributes_field(b"\x4a", span.attributes),
            count(b"\x50", span.dropped_attributes_count),
            *[field(b"\x5a", _event(event)) for event in span.events],
            count(b"\x60", span.dropped_events_count),
            *[field(b"\x6a", _link(*link)) for link in span.links],
            count(b"\x70", span.dropped_links_count),
            _status(span),
            fixed32(b"\x85\x01", span.trace_flags),
        ]
    )


def _event(event: Event) -> bytes:
    name, time_ns, attributes = event
    time = fixed64(b"\x09", time_ns)
    return time + text_field(b"\x12", name) + attributes_field(b"\x1a", attributes)


def _link(context: SpanContext, attributes: Mapping[str, Any]) -> bytes:
    return b"".join(
        [
            b"\x0a\x10",
            bytes.fromhex(context.trace_id),
            b"\x12\x08",
            bytes.fromhex(context.span_id),
            text_field(b"\x1a", context.trace_state),
            attributes_field(b"\x22", attributes),
            fixed32(b"\x35", context.trace_flags),
        ]
    )


def _status(span: Span) -> bytes:
    if span.status == "unset":
        return b""
    code = varint(STATUSES.index(span.status))
    return field(b"\x7a", text_field(b"\x12", span.status_message) + b"\x18" + code)


def attributes_field(tag: bytes, attributes: Mapping[str, Any]) -> bytes:
    """Encode attributes, of plain values, as KeyValue messages."""
    return b"".join([field(tag, _key_value(key, value)) for key, value in attributes.items()])


def _key_value(key: str, value: Any) -> bytes:
    return _key(key) + field(b"\x12", _ANY_VALUE[type(value)](value))


@lru_cache(maxsize=4096)
def _key(key: str) -> bytes:
    return text_field(b"\x0a", key)


def _integer(value: int) -> bytes:
    if -(2**63) <= value < 2**63:
        return b"\x18" + varint(value & _UNSIGNED_64)
    return _string(_digits(value))


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # longer than sys.get_int_max_str_digits()
        return hex(value)


def _string(value: str) -> bytes:
    return field(b"\x0a", text(value))


def _array(values: tuple[Any, ...]) -> bytes:
    return field(
        b"\x2a", b"".join([field(b"\x0a", _ANY_VALUE[type(value)](value)) for value in values])
    )


_ANY_VALUE: dict[type, Callable[[Any], bytes]] = {
    str: _string,
    bool: lambda value: b"\x10\x01" if value else b"\x10\x00",
    int: _integer,
    float: lambda value: b"\x21" + pack_double(value),
    bytes: lambda value: field(b"\x3a", value),
    tuple: _array,
    dict: lambda values: field(b"\x32", attributes_field(b"\x0a", values)),
    type(None): lambda _: b"",
}
