"""Damaged bodies are refused cleanly or stored, and never harm the requests beside them."""

from __future__ import annotations

import random

import pytest
from axonize_server.ingest.decode import Request, decode, read_request
from axonize_server.ingest.json import to_protobuf
from axonize_server.model import MalformedRequest

from tests.server.ingest.otlp import EVERY_TYPE, body, request, span
from tests.server.ingest.test_json import otlp_json

BODIES = 3000


def damage(source: random.Random, original: bytes) -> bytes:
    damaged = bytearray(original)
    for _ in range(source.choice([1, 1, 1, 2, 5])):
        place = source.randrange(len(damaged) + 1)
        match source.randrange(4):
            case 0:
                damaged[place : place + 1] = source.randbytes(1)
            case 1:
                del damaged[place : place + source.randrange(1, 9)]
            case 2:
                damaged[place:place] = source.randbytes(source.randrange(1, 9))
            case _:
                damaged[place:place] = damaged[place : place + source.randrange(1, 40)]
    return bytes(damaged)


def read(tenant, one, to_body) -> Request | None:
    try:
        return read_request(tenant, to_body(one))
    except MalformedRequest:
        return None


@pytest.mark.parametrize("form", ["protobuf", "json"])
def test_damaged_bodies(form, writer, clickhouse, tenant):
    source = random.Random(f"{form} 1")
    attributes = EVERY_TYPE | {"gpu.0.model": "H100", "gen_ai.usage.input_tokens": 5}
    message = request(span(1, attributes), span(2, attributes, parent_span_id=b"12345678"))
    original = message.SerializeToString() if form == "protobuf" else otlp_json(message)
    damaged = [damage(source, original) for _ in range(BODIES)]
    neighbour = read_request("neighbour", body(span(7)))

    requests = [read(tenant, one, bytes if form == "protobuf" else to_protobuf) for one in damaged]
    readable = [request for request in requests if request]
    decoded = decode([neighbour, *readable, neighbour])
    writer.insert(decoded.spans)

    assert 0 < len(readable) < BODIES
    assert decoded.answers[0].spans == decoded.answers[-1].spans == 1
    with clickhouse.client() as client:
        count = client.query(
            "SELECT count() FROM spans WHERE tenant_id = {tenant:String}",
            parameters={"tenant": tenant},
        ).result_rows[0][0]
    assert count == sum(answer.spans for answer in decoded.answers[1:-1])
