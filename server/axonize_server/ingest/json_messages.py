"""OTLP/JSON as typed messages: ids in hex, 64-bit integers as text or number, enums by number."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import msgspec
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from axonize_server.model import MalformedRequest

MAX_OBJECTS = 1_000_000
"""An object takes some hundred bytes of memory while it is read, be it two bytes long."""


class Hex(bytes):
    """Bytes that JSON writes in hexadecimal."""


class Base64(bytes):
    """Bytes that JSON writes in base64, with either alphabet and with or without padding."""


class Int64(int):
    """A number that JSON may write as text."""


class UInt64(int):
    """A number that JSON may write as text."""


class UInt32(int):
    """A number that JSON may write as text."""


class Double(float):
    """A number that JSON may write as text, which is how it writes NaN and infinities."""


class Enum(int):
    """An enum that JSON writes as a number or a name; a subclass names its protobuf."""

    protobuf: ClassVar[Any]


class Message(msgspec.Struct, rename="camel"):
    """A message; unknown fields are ignored and null means not set."""

    protobuf: ClassVar[Any]


class AnyValue(Message):
    """A value of any type."""

    protobuf = common_pb2.AnyValue
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Int64 | None = None
    double_value: Double | None = None
    array_value: ArrayValue | None = None
    kvlist_value: KeyValueList | None = None
    bytes_value: Base64 | None = None


class KeyValue(Message):
    """An attribute."""

    protobuf = common_pb2.KeyValue
    key: str | None = None
    value: AnyValue | None = None


class ArrayValue(Message):
    """A list of values."""

    protobuf = common_pb2.ArrayValue
    values: list[AnyValue] | None = None


class KeyValueList(Message):
    """A map of values."""

    protobuf = common_pb2.KeyValueList
    values: list[KeyValue] | None = None


class Resource(Message):
    """What sent something."""

    protobuf = resource_pb2.Resource
    attributes: list[KeyValue] | None = None


class Scope(Message):
    """What in it measured something."""

    protobuf = common_pb2.InstrumentationScope
    name: str | None = None
    version: str | None = None
    attributes: list[KeyValue] | None = None


def reader(request: type[Message]) -> Callable[[bytes], bytes]:
    """Return what reads a request of this type as JSON and writes it as protobuf bytes.

    It raises MalformedRequest, which names the place of an error.
    """
    decoder = msgspec.json.Decoder(request, dec_hook=_scalar)

    def to_protobuf(body: bytes) -> bytes:
        if body.count(b"{") > MAX_OBJECTS:
            raise MalformedRequest(f"the body consists of more than {MAX_OBJECTS} objects")
        try:
            written: bytes = _protobuf(decoder.decode(body)).SerializeToString()
        except (msgspec.DecodeError, UnicodeError) as error:
            raise MalformedRequest(f"the body is not OTLP/JSON: {error}") from error
        except RecursionError as error:
            raise MalformedRequest("the body is nested too deeply") from error
        return written

    return to_protobuf


def _scalar(kind: type, value: Any) -> Any:
    try:
        return kind(_reader(kind)(value))
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


def _enum(kind: EnumTypeWrapper) -> Callable[[Any], int]:
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
    Hex: _hex,
    Base64: _base64,
    Int64: _integer(-(2**63), 2**63 - 1),
    UInt64: _integer(0, 2**64 - 1),
    UInt32: _integer(0, 2**32 - 1),
    Double: _double,
}


@cache
def _reader(kind: type[Any]) -> Callable[[Any], Any]:
    return _enum(kind.protobuf) if issubclass(kind, Enum) else _READERS[kind]


def _protobuf(message: Message) -> Any:
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
    return _protobuf(value) if isinstance(value, Message) else value
