"""The fields of protobuf messages as bytes, for what encodes OTLP; pure.

A field's tag is its number * 8 + its wire type: 0 varint, 1 fixed64, 2 length, 5 fixed32.
"""

from __future__ import annotations

import struct

pack_double = struct.Struct("<d").pack
_pack_fixed64 = struct.Struct("<Q").pack
_pack_fixed32 = struct.Struct("<I").pack
_BYTES = [bytes([number]) for number in range(0x80)]


def text(value: str) -> bytes:
    """Encode text as UTF-8."""
    return value.encode("utf-8", "replace")  # a lone surrogate has no UTF-8 form


def varint(number: int) -> bytes:
    """Encode a number that is not negative."""
    if number < 0x80:
        return _BYTES[number]
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(tag: bytes, content: bytes) -> bytes:
    """Encode a field that has a length: a message, text or bytes."""
    return tag + varint(len(content)) + content


# What has the default value of its type is left out, as protobuf does.


def text_field(tag: bytes, value: str) -> bytes:
    """Encode a text."""
    return field(tag, text(value)) if value else b""


def count(tag: bytes, number: int) -> bytes:
    """Encode a number as varint."""
    return tag + varint(number) if number else b""


def fixed64(tag: bytes, number: int) -> bytes:
    """Encode a number in 8 bytes."""
    return tag + _pack_fixed64(number) if number else b""


def fixed32(tag: bytes, number: int) -> bytes:
    """Encode a number in 4 bytes."""
    return tag + _pack_fixed32(number) if number else b""
