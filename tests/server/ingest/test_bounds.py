"""Small requests that would grow without bound are refused before they do."""

from __future__ import annotations

import pytest
from axonize_server.ingest.bounds import check_parsed_bytes
from axonize_server.model import MalformedRequest
from google.protobuf.internal.encoder import _VarintBytes

from tests.server.ingest.otlp import EVERY_TYPE, body, span

MIB = 1 << 20


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _VarintBytes(len(content)) + content


@pytest.fixture
def add(new_decoder):
    """Return a function that reads a body, and returns about how large it becomes."""
    return lambda body: new_decoder().add("t", body)


def test_a_body_of_many_empty_spans(add):
    with pytest.raises(MalformedRequest, match="parsing the body takes more than"):
        add(field(1, field(2, field(2, b"") * (3 * MIB))))


def test_a_span_of_many_empty_events(add):
    with pytest.raises(MalformedRequest, match="parsing the body takes more than"):
        add(field(1, field(2, field(2, field(11, b"") * (9 * MIB)))))


def test_a_large_body_of_real_spans_is_read(add):
    large = body(*(span(i, EVERY_TYPE) for i in range(1, 100))) * 200
    assert len(large) > 6 * MIB

    assert add(large) > len(large)


@pytest.mark.parametrize("damaged", [b"\xff", b"\x0a\x7f", b"\x0b", b"\x0a\x02\x12\x7f"])
def test_a_large_body_that_is_damaged(damaged):
    with pytest.raises(MalformedRequest, match="ends within a field"):
        check_parsed_bytes(field(100 >> 3, bytes(8 * MIB)) + damaged)


def test_a_large_resource_repeated_for_many_spans(add):
    spans = [span(i) for i in range(1, 1000)]

    with pytest.raises(MalformedRequest, match="send fewer spans in a request"):
        add(body(*spans, resource={"command": "x" * MIB}))


def test_lists_of_gpus_for_many_spans(add):
    gpus = {"gpu.63.label": "cuda:63"}
    large = body(*(span(i, gpus) for i in range(1, 1000))) * 160

    with pytest.raises(MalformedRequest, match=r"attributes and GPUs would take 2\d{8} bytes"):
        add(large)


@pytest.mark.parametrize(
    ("key", "gpus"),
    [("gpu.63.label", 64), ("gpu.0.model", 1), ("gpu.64.label", 0), ("gpu.07.label", 0)],
)
def test_gpus_are_counted(add, key, gpus):
    without = body(span(1, {key.replace("gpu.", "cpu."): "x"}))

    assert add(body(span(1, {key: "x"}))) - add(without) == gpus * 24
