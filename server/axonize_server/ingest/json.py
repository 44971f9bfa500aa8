"""OTLP/JSON to OTLP protobuf: ids in hex, 64-bit integers as text or number, enums by number."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from axonize_server.model import MalformedRequest

MAX_OBJECTS = 1_000_000
"""An object takes some hundred bytes of memory while it is read, be it two bytes long."""


class _Hex(bytes):
    """Bytes that JSON writes in hexadecimal."""


class _Base64(bytes):
    """Bytes that JSON writes in base64, with either alphabet and with or without padding."""


class _Int64(int):
    """A number that JSON may write as text."""


class _UInt64(int):
    """A number that JSON may write as text."""


class _UInt32(int):
    """A number that JSON may write as text."""


class _Double(float):
    """A number that JSON may write as text, which is how it writes NaN and infinities."""


class _SpanKind(int):
    """An enum that JSON writes as a number or a name."""


class _StatusCode(int):
    """An enum that JSON writes as a number or a name."""


class _Message(msgspec.Struct, rename="camel"):
    """A message; unknown fields are ignored and null means not set."""

    protobuf: ClassVar[Any]


class _AnyValue(_Message):
    protobuf = AnyValue
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: _Int64 | None = None
    double_value: _Double | None = None
    array_value: _ArrayValue | None = None
    kvlist_value: _KeyValueList | None = None
    bytes_value: _Base64 | None = None


class _KeyValue(_Message):
    protobuf = KeyValue
    key: str | None = None
    value: _AnyValue | None = None


class _ArrayValue(_Message):
    protobuf = ArrayValue
    values: list[_AnyValue] | None = None


class _KeyValueList(_Message):
    protobuf = KeyValueList
    values: list[_KeyValue] | None = None


class _Resource(_Message):
    protobuf = Resource
    attributes: list[_KeyValue] | None = None


class _Scope(_Message):
    protobuf = InstrumentationScope
    name: str | None = None
    version: str | None = None
    attributes: list[_KeyValue] | None = None


class _Event(_Message):
    protobuf = Span.Event
    time_unix_nano: _UInt64 | None = None
    name: str | None = None
    attributes: list[_KeyValue] | None = None


class _Link(_Message):
    protobuf = Span.Link
    trace_id: _Hex | None = None
    span_id: _Hex | None = None
    trace_state: str | None = None
    attributes: list[_KeyValue] | None = None
    flags: _UInt32 | None = None


class _Status(_Message):
    protobuf = Status
    message: str | None = None
    code: _StatusCode | None = None


class _Span(_Message):
    protobuf = Span
    trace_id: _Hex | None = None
    span_id: _Hex | None = None
    trace_state: str | None = None
    parent_span_id: _Hex | None = None
    flags: _UInt32 | None = None
    name: str | None = None
    kind: _SpanKind | None = None
    start_time_unix_nano: _UInt64 | None = None
    end_time_unix_nano: _UInt64 | None = None
    attributes: list[_KeyValue] | None = None
    events: list[_Event] | None = None
    links: list[_Link] | None = None
    status: _Status | None = None


class _ScopeSpans(_Message):
    protobuf = ScopeSpans
    scope: _Scope | None = None
    spans: list[_Span] | None = None


class _ResourceSpans(_Message):
    protobuf = ResourceSpans
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _Request(_Message):
    protobuf = ExportTraceServiceRequest
    resource_spans: list[_ResourceSpans] | None = None


def to_protobuf(body: bytes) -> bytes:
    """Return the request as protobuf bytes; MalformedRequest names the place of an error."""
    if body.count(b"{") > MAX_OBJECTS:
        raise MalformedRequest(f"the body consists of more than {MAX_OBJECTS} objects")
    try:
        request: bytes = _protobuf(_decoder.decode(body)).SerializeToString()
    except (msgspec.DecodeError, UnicodeError) as error:
        raise MalformedRequest(f"the body is not OTLP/JSON: {error}") from error
    except RecursionError as error:
        raise MalformedRequest("the body is nested too deeply") from error
    return request


def _scalar(kind: type, value: Any) -> Any:
    try:
        return kind(_READERS[kind](value))
    except (AttributeError, OverflowError) as error:
        raise ValueError(f"{kind.__name__.strip('_')} cannot be {str(value)[:40]}") from error


def _integer(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and len(value) < 30 else value
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if type(number) is not int or not low <= number <= high:
            raise ValueError(f"expected an integer from {low} to {high}")
        return number

    return read


def _double(value: Any) -> float:
    if type(value) not in (str, int, float):
        raise ValueError("expected a number")
    number = float(value)
    if isinstance(value, str) and math.isnan(number) and value != "NaN":
        raise ValueError("expected a number")
    return number


def _enum(kind: Any) -> Callable[[Any], int]:
    number = _integer(-(2**31), 2**31 - 1)
    return lambda value: (
        kind.Value(value) if isinstance(value, str) and not value.isdigit() else number(value)
    )


def _hex(value: Any) -> bytes:
    return binascii.unhexlify(value)


def _base64(value: Any) -> bytes:
    text = value.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


_READERS: dict[type, Callable[[Any], Any]] = {
    _Hex: _hex,
    _Base64: _base64,
    _Int64: _integer(-(2**63), 2**63 - 1),
    _UInt64: _integer(0, 2**64 - 1),
    _UInt32: _integer(0, 2**32 - 1),
    _Double: _double,
    _SpanKind: _enum(Span.SpanKind),
    _StatusCode: _enum(Status.StatusCode),
}
_decoder = msgspec.json.Decoder(_Request, dec_hook=_scalar)


def _protobuf(message: _Message) -> Any:
    """Fields have the same names on both sides."""
    return message.protobuf(
        **{
            name: _field(value)
            for name in message.__struct_fields__
            if (value := getattr(message, name)) is not None
        }
    )


def _field(value: Any) -> Any:
    if isinstance(value, list):
        return [_protobuf(one) for one in value]
    return _protobuf(value) if isinstance(value, _Message) else value
