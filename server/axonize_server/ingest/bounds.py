"""Bounds on what a small request can grow to while it is read and stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor

from axonize_server.ingest.wire import StrictRequest
from axonize_server.model import MalformedRequest

MAX_PARSED_BYTES = 512 << 20
MAX_STORED_BYTES = 256 << 20
# Memory of an empty message once it is parsed, which takes two bytes of the body at least.
_SPAN_BYTES = 192
_LARGE = {"Span", "NumberDataPoint", "HistogramDataPoint", "ExponentialHistogramDataPoint"}
_MESSAGE_BYTES = 64
_ROW_BYTES = 200  # what the columns of an empty span take
_GPU_BYTES = 6 * 4  # an element in each list of GPU fields
SIZES = (MAX_PARSED_BYTES, MAX_STORED_BYTES, _SPAN_BYTES, _MESSAGE_BYTES, _ROW_BYTES, _GPU_BYTES)
"""The same for the extension."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class Message(NamedTuple):
    """A type of message: its memory, and its fields that hold messages, by number."""

    size: int
    fields: dict[int, Message]


def describe(request: Descriptor) -> Message:
    """Return how large the messages of a request are."""
    return _describe(request, {})


def _describe(message: Descriptor, known: dict[str, Message]) -> Message:
    if message.full_name not in known:
        size = _SPAN_BYTES if message.name in _LARGE else _MESSAGE_BYTES
        described = known[message.full_name] = Message(size, {})
        for field in message.fields:
            if field.message_type:
                described.fields[field.number] = _describe(field.message_type, known)
    return known[message.full_name]


_TRACES = describe(StrictRequest.DESCRIPTOR)


def check_parsed_bytes(body: bytes, request: Message = _TRACES) -> None:
    """Estimate the memory of a body before it is parsed; raises MalformedRequest.

    Only a large body can take too much; its messages are counted, in some 0.06 s a MiB.
    """
    if len(body) * _SPAN_BYTES // 2 <= MAX_PARSED_BYTES:
        return
    try:
        parsed = _parsed_bytes(body, request)
    except IndexError:
        raise MalformedRequest("the body ends within a field") from None
    if parsed > MAX_PARSED_BYTES:
        raise MalformedRequest(f"parsing the body takes more than {MAX_PARSED_BYTES} bytes")


def stored_bytes(request: Any, body_bytes: int) -> int:
    """Return about how large the columns become without GPUs: a span repeats resource and scope."""
    size = body_bytes
    for resource_spans in request.resource_spans:
        resource_bytes = resource_spans.resource.ByteSize()
        for scope_spans in resource_spans.scope_spans:
            row_bytes = _ROW_BYTES + resource_bytes + scope_spans.scope.ByteSize()
            size += len(scope_spans.spans) * row_bytes
    return size


def with_gpus(stored: int, gpus: int) -> int:
    """Return the size with so many elements in the spans' lists of GPUs.

    Raises MalformedRequest when that is too much.
    """
    size = stored + gpus * _GPU_BYTES
    if size > MAX_STORED_BYTES:
        raise MalformedRequest(
            f"the spans with their resource attributes and GPUs would take {size} bytes, "
            f"more than {MAX_STORED_BYTES}; send fewer spans in a request"
        )
    return size


def _parsed_bytes(body: bytes, request: Message) -> int:
    """Add up messages until they are too many; raises IndexError where the body ends early."""
    position, end, fields = 0, len(body), request.fields
    outer: list[tuple[int, dict[int, Message]]] = []
    parsed = len(body)
    while parsed <= MAX_PARSED_BYTES:
        if position >= end:
            if not outer:
                break
            end, fields = outer.pop()
            continue
        tag, position = _varint(body, position)
        position, size = _value(body, position, tag & 7)
        if position + size > end:
            raise IndexError
        inner = fields.get(tag >> 3) if tag & 7 == _LENGTH else None
        if inner is None:
            position += size
        else:
            parsed += inner.size
            outer.append((end, fields))
            end, fields = position + size, inner.fields
    return parsed


def _value(body: bytes, position: int, wire_type: int) -> tuple[int, int]:
    """Return where the value begins, and its size in bytes."""
    if wire_type == _LENGTH:
        size, position = _varint(body, position)
        return position, size
    if wire_type == _VARINT:
        return _varint(body, position)[1], 0
    if wire_type in (_FIXED64, _FIXED32):
        return position, 8 if wire_type == _FIXED64 else 4
    raise IndexError


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = body[position]
    if value < 0x80:
        return value, position + 1
    value &= 0x7F
    for shift in range(7, 70, 7):
        position += 1
        byte = body[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
    raise IndexError
