"""A trace that is exported and sent again is the same trace."""

from __future__ import annotations

import itertools
import json

import pytest
from axonize_server.export import otlp
from axonize_server.ingest import json as spans_json
from axonize_server.ingest.decoder import new_decoder
from axonize_server.model import NotFound
from axonize_server.store.clickhouse.export.reader import ExportReader
from hypothesis import HealthCheck, Phase, given, settings

from tests.server.ingest.otlp import EVERY_TYPE, REQUESTS, request, span
from tests.server.rows import row, table, trace_id

COLUMNS = """
SELECT * EXCEPT (tenant_id, ingested_at) FROM spans
WHERE tenant_id = {tenant:String} ORDER BY start_time, span_id
"""
_numbers = itertools.count()


@pytest.fixture
def export_reader(clickhouse, settings) -> ExportReader:
    return ExportReader(clickhouse, settings.query_limits)


@pytest.fixture(scope="module")
def stored(clickhouse):
    """Return every column of a tenant's spans but the time of commit."""

    def stored(tenant):
        with clickhouse.client() as client:
            return client.query_arrow(COLUMNS, parameters={"tenant": tenant}, use_strings=False)

    return stored


def send(writer, tenant: str, body: bytes) -> None:
    decoder = new_decoder()
    decoder.add(tenant, body)
    for part in decoder.finish():
        writer.insert(*part.tables)


def one_trace(message):
    """Give the spans of a message ids of their own, in one trace."""
    ids = itertools.count(1)
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for each in scope_spans.spans:
                each.trace_id, each.span_id = (9).to_bytes(16, "big"), next(ids).to_bytes(8, "big")
    return message


@settings(
    deadline=None,
    max_examples=20,
    phases=[Phase.generate],  # making a failure smaller takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(REQUESTS)
def test_any_trace_comes_back_as_it_was(export_reader, writer, stored, message):
    sent, again = (f"exported-{next(_numbers)}" for _ in range(2))
    send(writer, sent, one_trace(message).SerializeToString())
    before = stored(sent)
    if not before.num_rows:
        return
    exported = b"".join(otlp.trace(export_reader, sent, trace_id(9)))
    send(writer, again, spans_json.to_protobuf(exported))
    assert stored(again).equals(before)
    assert b"".join(otlp.trace(export_reader, again, trace_id(9))) == exported


def test_every_type_of_attribute_comes_back(export_reader, writer, stored, tenant):
    event = {"time_unix_nano": 7, "name": "e"}
    link = {"trace_id": bytes(range(16)), "span_id": bytes(range(8)), "trace_state": "a=b"}
    one = span(9, EVERY_TYPE, events=[event], links=[link], flags=0x101, trace_state="k=v")
    send(writer, tenant, request(one, resource=EVERY_TYPE).SerializeToString())
    exported = b"".join(otlp.trace(export_reader, tenant, trace_id(9)))
    send(writer, f"{tenant}-again", spans_json.to_protobuf(exported))
    assert stored(f"{tenant}-again").to_pylist() == stored(tenant).to_pylist()


def test_a_long_trace_is_read_in_pieces_and_each_span_once(export_reader, writer, tenant):
    rows = [row(3, number, start_ms=number % 7) for number in range(1, 1202)]
    for _ in range(2):
        writer.insert(table(tenant, rows))
    pieces = list(otlp.trace(export_reader, tenant, trace_id(3)))
    assert len(pieces) == 4
    document = json.loads(b"".join(pieces))
    ids = [
        each["spanId"]
        for resource in document["resourceSpans"]
        for scope in resource["scopeSpans"]
        for each in scope["spans"]
    ]
    assert len(ids) == len(set(ids)) == 1201


def test_what_is_not_there_is_not_found_at_once(export_reader, tenant):
    with pytest.raises(NotFound):
        otlp.trace(export_reader, tenant, trace_id(3))
