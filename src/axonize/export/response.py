"""Reads the small protobuf messages that a collector answers with; pure."""

from __future__ import annotations

from collections.abc import Iterator

from axonize.export.exporter import Receipt

RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read_receipt(response: bytes) -> Receipt:
    """Read an ExportTraceServiceResponse; what is not one counts as full success."""
    try:
        partial_success = _read_bytes(response, 1)
        return Receipt(_read_integer(partial_success, 1), _read_text(partial_success, 2))
    except (ValueError, IndexError):
        return Receipt()


def read_status_message(status: bytes) -> str:
    """Read the message of a google.rpc.Status; empty when it is not one."""
    try:
        return _read_text(status, 2)
    except (ValueError, IndexError):
        return ""


def read_retry_delay_s(status: bytes) -> float | None:
    """Read the delay in seconds of the RetryInfo inside a google.rpc.Status, None without one."""
    try:
        for number, detail in _read_fields(status):
            if number == 3 and isinstance(detail, bytes) and _read_text(detail, 1) == RETRY_INFO:
                delay = _read_bytes(_read_bytes(detail, 2), 1)
                return max(0.0, _read_integer(delay, 1) + _read_integer(delay, 2) / 1e9)
    except (ValueError, IndexError):
        pass
    return None


def _read_bytes(message: bytes, wanted: int) -> bytes:
    values = [value for number, value in _read_fields(message) if number == wanted]
    return values[-1] if values and isinstance(values[-1], bytes) else b""


def _read_text(message: bytes, wanted: int) -> str:
    return _read_bytes(message, wanted).decode("utf-8", "replace")


def _read_integer(message: bytes, wanted: int) -> int:
    values = [value for number, value in _read_fields(message) if number == wanted]
    value = values[-1] if values and isinstance(values[-1], int) else 0
    return value - (1 << 64) if value >> 63 else value


def _read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field; raise ValueError or IndexError when it is not one."""
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        kind = key & 7
        if kind == VARINT:
            value, position = _read_varint(message, position)
            yield key >> 3, value
            continue
        if kind == BYTES:
            length, position = _read_varint(message, position)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if position + length > len(message):
            raise ValueError("cut off")
        yield key >> 3, message[position : position + length]
        position += length


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position
        shift += 7
        if shift > 63:
            raise ValueError("varint of more than ten bytes")
