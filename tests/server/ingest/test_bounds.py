"""Small requests that would grow without bound are refused before they do."""

from __future__ import annotations

import pytest
from axonize_server.ingest.bounds import check_parsed_bytes
from axonize_server.ingest.decode import read_request
from axonize_server.model import MalformedRequest
from google.protobuf.internal.encoder import _VarintBytes

from tests.server.ingest.otlp import EVERY_TYPE, body, span

MIB = 1 << 20


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _VarintBytes(len(content)) + content


def test_a_body_of_many_empty_spans():
    with pytest.raises(MalformedRequest, match="parsing the body takes more than"):
        read_request("t", field(1, field(2, field(2, b"") * (3 * MIB))))


def test_a_span_of_many_empty_events():
    with pytest.raises(MalformedRequest, match="parsing the body takes more than"):
        read_request("t", field(1, field(2, field(2, field(11, b"") * (9 * MIB)))))


def test_a_large_body_of_real_spans_is_read():
    large = body(*(span(i, EVERY_TYPE) for i in range(1, 100))) * 200
    assert len(large) > 6 * MIB

    assert read_request("t", large).messages.num_rows == 1


@pytest.mark.parametrize("damaged", [b"\xff", b"\x0a\x7f", b"\x0b", b"\x0a\x02\x12\x7f"])
def test_a_large_body_that_is_damaged(damaged):
    with pytest.raises(MalformedRequest, match="ends within a field"):
        check_parsed_bytes(field(100 >> 3, bytes(8 * MIB)) + damaged)


def test_a_large_resource_repeated_for_many_spans():
    spans = [span(i) for i in range(1, 1000)]

    with pytest.raises(MalformedRequest, match="send fewer spans in a request"):
        read_request("t", body(*spans, resource={"command": "x" * MIB}))
