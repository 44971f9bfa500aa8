"""The fields of messages, beside what protobuf itself writes."""

from __future__ import annotations

import pytest
from google.protobuf.wrappers_pb2 import StringValue, UInt64Value
from hypothesis import given
from hypothesis import strategies as st

from axonize.protobuf import count, fixed32, fixed64, text_field


@given(st.integers(0, 2**64 - 1))
def test_a_number(number: int) -> None:
    assert count(b"\x08", number) == UInt64Value(value=number).SerializeToString()


@given(st.text())
def test_a_text(text: str) -> None:
    assert text_field(b"\x0a", text) == StringValue(value=text).SerializeToString()


def test_a_lone_surrogate_is_replaced() -> None:
    assert text_field(b"\x0a", "a\ud800") == b"\x0a\x02a?"


@pytest.mark.parametrize(("encode", "size"), [(fixed64, 8), (fixed32, 4)])
def test_fixed_numbers(encode, size: int) -> None:  # type: ignore[no-untyped-def]
    assert encode(b"\x09", 258) == b"\x09" + (258).to_bytes(size, "little")
    assert encode(b"\x09", 0) == b""
