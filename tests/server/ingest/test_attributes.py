"""Attribute values as text and a type letter."""

from __future__ import annotations

import pyarrow as pa
import pytest
from axonize_server.ingest.attributes import offsets_from_zero, read_attributes, text_of
from axonize_server.ingest.decode import read_request

from tests.server.ingest.otlp import EVERY_TYPE, body, span


def attributes_of(*each):
    """Return the attributes of one span for each dictionary."""
    spans = body(*(span(i, attributes) for i, attributes in enumerate(each, start=1)))
    messages = read_request("t", spans).messages
    scopes = messages.column("resource_spans").flatten().field("scope_spans").flatten()
    return read_attributes(scopes.field("spans").flatten().field("attributes"))


def test_attributes_are_text_and_a_type_letter():
    attributes = attributes_of(EVERY_TYPE)

    assert attributes.as_map()[0].as_py() == [
        ("text", "naïve \N{GRINNING FACE} \x00 end"),
        ("empty", ""),
        ("int", "-9223372036854775808"),
        ("double", "0.0000644"),
        ("nan", "nan"),
        ("infinity", "-inf"),
        ("bool", "false"),
        ("bytes", "00ff"),
        ("array", '["a",1,2.0,true,null,{"bytes":"/w=="},["Infinity"],{"k":4611686018427387904}]'),
        ("pairs", '{"b":1,"a":{"deep":[null]}}'),
        ("none", ""),
    ]
    assert attributes.types()[0].as_py() == "ssidddbxamn"


def test_each_owner_has_its_own():
    attributes = attributes_of({}, {"a": 1, "b": "x"}, {}, {"a": True})

    assert attributes.as_map().to_pylist() == [
        [], [("a", "1"), ("b", "x")], [], [("a", "true")]
    ]  # fmt: skip
    assert attributes.types().to_pylist() == ["", "is", "", "b"]


@pytest.mark.parametrize("number", [5e-324, 1.7976931348623157e308, 0.1, 1e22, -0.0, 2**53 + 1.0])
def test_doubles_are_exact(number):
    (_, text), *_ = attributes_of({"k": number}).as_map()[0].as_py()

    assert repr(float(text)) == repr(number)


def test_text_that_is_not_utf8_is_replaced():
    raw = pa.array([b"caf\xe9", b"fine", None, b"caf\xe9"])

    assert text_of(raw).to_pylist() == ["caf\ufffd", "fine", None, "caf\ufffd"]


def test_offsets_of_a_slice_begin_at_zero():
    lists = pa.array([[1], [2, 3], [], [4]], pa.list_(pa.int64())).slice(1)

    assert offsets_from_zero(lists).to_pylist() == [0, 2, 2, 3]
