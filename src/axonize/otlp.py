"""Spans to OTLP protobuf, as opentelemetry/proto/trace/v1/trace.proto defines it; no I/O."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from axonize.guard import guarded
from axonize.spans import KINDS, STATUSES, Event, Span, SpanContext
from axonize.values import plain_attributes

# A field's tag is its number * 8 + its wire type: 0 varint, 1 fixed64, 2 length, 5 fixed32.
_pack_double = struct.Struct("<d").pack
_pack_fixed64 = struct.Struct("<Q").pack
_pack_fixed32 = struct.Struct("<I").pack
_KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS, start=1)}
_UNSIGNED_64 = 2**64 - 1
_BYTES = [bytes([number]) for number in range(0x80)]


def encode_spans(spans: Iterable[Span]) -> bytes:
    """Encode each span as one ScopeSpans.spans field; a span that cannot be encoded is left out."""
    return b"".join(encoded for span in spans if (encoded := _encode_one(span)))


def encode_request(
    resource: Mapping[str, Any], scope: tuple[str, str], encoded_spans: list[bytes]
) -> bytes:
    """Encode a whole ExportTraceServiceRequest: resource attributes, scope (name, version)."""
    name, version = scope
    scope_field = _field(b"\x0a", _text_field(b"\x0a", name) + _text_field(b"\x12", version))
    resource_attributes = _attributes(b"\x0a", plain_attributes(resource))
    scope_spans = _field(b"\x12", b"".join([scope_field, *encoded_spans]))
    return _field(b"\x0a", _field(b"\x0a", resource_attributes) + scope_spans)


@guarded
def _encode_one(span: Span) -> bytes:
    return _field(b"\x12", _span(span))


def _span(span: Span) -> bytes:
    return b"".join(
        [
            b"\x0a\x10",
            bytes.fromhex(span.trace_id),
            b"\x12\x08",
            bytes.fromhex(span.span_id),
            _text_field(b"\x1a", span.trace_state),
            b"\x22\x08" + bytes.fromhex(span.parent_span_id) if span.parent_span_id else b"",
            _text_field(b"\x2a", span.name),
            b"\x30" + _varint(_KIND_NUMBERS[span.kind]),
            _fixed64(b"\x39", span.start_ns),
            _fixed64(b"\x41", span.end_ns),
            _attributes(b"\x4a", span.attributes),
            _count(b"\x50", span.dropped_attributes_count),
            *[_field(b"\x5a", _event(event)) for event in span.events],
            _count(b"\x60", span.dropped_events_count),
            *[_field(b"\x6a", _link(*link)) for link in span.links],
            _count(b"\x70", span.dropped_links_count),
            _status(span),
            _fixed32(b"\x85\x01", span.trace_flags),
        ]
    )


def _event(event: Event) -> bytes:
    name, time_ns, attributes = event
    time = _fixed64(b"\x09", time_ns)
    return time + _text_field(b"\x12", name) + _attributes(b"\x1a", attributes)


def _link(context: SpanContext, attributes: Mapping[str, Any]) -> bytes:
    return b"".join(
        [
            b"\x0a\x10",
            bytes.fromhex(context.trace_id),
            b"\x12\x08",
            bytes.fromhex(context.span_id),
            _text_field(b"\x1a", context.trace_state),
            _attributes(b"\x22", attributes),
            _fixed32(b"\x35", context.trace_flags),
        ]
    )


def _status(span: Span) -> bytes:
    if span.status == "unset":
        return b""
    code = _varint(STATUSES.index(span.status))
    return _field(b"\x7a", _text_field(b"\x12", span.status_message) + b"\x18" + code)


def _attributes(tag: bytes, attributes: Mapping[str, Any]) -> bytes:
    return b"".join([_field(tag, _key_value(key, value)) for key, value in attributes.items()])


def _key_value(key: str, value: Any) -> bytes:
    return _key(key) + _field(b"\x12", _ANY_VALUE[type(value)](value))


@lru_cache(maxsize=4096)
def _key(key: str) -> bytes:
    return _text_field(b"\x0a", key)


def _integer(value: int) -> bytes:
    if -(2**63) <= value < 2**63:
        return b"\x18" + _varint(value & _UNSIGNED_64)
    return _string(_digits(value))


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # longer than sys.get_int_max_str_digits()
        return hex(value)


def _string(value: str) -> bytes:
    return _field(b"\x0a", _text(value))


def _array(values: tuple[Any, ...]) -> bytes:
    return _field(
        b"\x2a", b"".join([_field(b"\x0a", _ANY_VALUE[type(value)](value)) for value in values])
    )


_ANY_VALUE: dict[type, Callable[[Any], bytes]] = {
    str: _string,
    bool: lambda value: b"\x10\x01" if value else b"\x10\x00",
    int: _integer,
    float: lambda value: b"\x21" + _pack_double(value),
    bytes: lambda value: _field(b"\x3a", value),
    tuple: _array,
    dict: lambda values: _field(b"\x32", _attributes(b"\x0a", values)),
    type(None): lambda _: b"",
}


def _text(value: str) -> bytes:
    return value.encode("utf-8", "replace")  # a lone surrogate has no UTF-8 form


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _BYTES[number]
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


# What has the default value of its type is left out, as protobuf does.


def _text_field(tag: bytes, value: str) -> bytes:
    return _field(tag, _text(value)) if value else b""


def _count(tag: bytes, number: int) -> bytes:
    return tag + _varint(number) if number else b""


def _fixed64(tag: bytes, number: int) -> bytes:
    return tag + _pack_fixed64(number) if number else b""


def _fixed32(tag: bytes, number: int) -> bytes:
    return tag + _pack_fixed32(number) if number else b""
