"""What decoding answers, and what it does with what is missing, wrong or hostile."""

from __future__ import annotations

import pyarrow as pa
import pytest
from axonize_server.ingest.decode import INVALID_TEXT
from axonize_server.ingest.faults import INVALID_IDS, REASONS
from axonize_server.ingest.wire import LenientRequest
from axonize_server.model import Accepted, MalformedRequest
from google.protobuf.internal.encoder import _VarintBytes
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.server.ingest.otlp import START, any_value, body, pairs, request, span

DERIVED = ("MATERIALIZED", "ALIAS")


@pytest.fixture
def decode_bodies(decode):
    return lambda *bodies: decode(*((f"t{i}", one) for i, one in enumerate(bodies, start=1)))


def test_columns_are_those_of_the_table(decode_bodies, clickhouse):
    with clickhouse.client() as client:
        described = client.query("DESCRIBE TABLE spans").result_rows
    insertable = {row[0] for row in described if row[2] not in DERIVED} - {"ingested_at"}

    assert set(decode_bodies(body(span())).spans.column_names) == insertable


def test_rows_stand_in_the_order_of_the_requests_with_their_tenants(decode_bodies):
    decoded = decode_bodies(body(span(1), span(2)), body(), body(span(3)))

    assert decoded.spans["tenant_id"].to_pylist() == ["t1", "t1", "t3"]
    assert decoded.answers == [Accepted(2), Accepted(0), Accepted(1)]


def test_requests_without_spans(decode_bodies):
    decoded = decode_bodies(b"", body())

    assert decoded.spans.num_rows == 0
    assert decoded.answers == [Accepted(0), Accepted(0)]


@pytest.mark.parametrize(
    "ids",
    [
        {"trace_id": b""},
        {"trace_id": b"short"},
        {"trace_id": bytes(16)},
        {"span_id": bytes(8)},
        {"span_id": b"longer than 8"},
        {"parent_span_id": b"short"},
    ],
)
def test_a_span_with_invalid_ids_is_left_out_and_said(decode_bodies, ids):
    decoded = decode_bodies(body(span(1)), body(span(2), span(3, **ids), span(4)))

    assert [span_id[-1] for span_id in decoded.spans["span_id"].to_pylist()] == [1, 2, 4]
    assert decoded.answers == [Accepted(1), Accepted(2, 1, f"1 {REASONS[INVALID_IDS]}")]


@pytest.mark.parametrize(
    ("start", "end", "stored"),
    [
        (0, 0, (0, 0)),
        (START, START - 1, (START, START)),
        (2**64 - 1, 2**64 - 1, (2**63 - 1, 2**63 - 1)),
        (START, 2**64 - 1, (START, 2**63 - 1)),
    ],
)
def test_times_are_bounded_and_in_order(decode_bodies, start, end, stored):
    table = decode_bodies(body(span(start_time_unix_nano=start, end_time_unix_nano=end))).spans

    assert [table[name].cast(pa.int64())[0].as_py() for name in ("start_time", "end_time")] == list(
        stored
    )


def test_hostile_times_are_stored_in_one_partition(new_decoder, writer, clickhouse, tenant):
    times = [0, 1, START, 2**63 - 1, 2**63, 2**64 - 1]
    spans = [span(i, start_time_unix_nano=time) for i, time in enumerate(times, start=1)]

    decoder = new_decoder()
    decoder.add(tenant, body(*spans))
    writer.insert(*decoder.finish()[0].tables)

    query = """
        SELECT count(), uniqExact(_partition_id), min(toUnixTimestamp64Nano(start_time)),
               max(toUnixTimestamp64Nano(start_time))
        FROM spans WHERE tenant_id = {tenant:String}"""
    with clickhouse.client() as client:
        row = client.query(query, parameters={"tenant": tenant}).result_rows[0]
    assert row == (6, 1, 0, 2**63 - 1)


def test_text_that_is_not_utf8_is_replaced_and_said(decode_bodies):
    message = LenientRequest.FromString(body(span(1, {"key": "value", "list": ["x"]})))
    one = message.resource_spans[0].scope_spans[0].spans[0]
    one.name = b"caf\xe9"
    one.status.message = b"\xff\xfe"
    one.attributes[0].key = b"k\xe9y"
    one.attributes[0].value.string_value = b"v\xe9"
    one.attributes[1].value.array_value.values[0].string_value = b"x\xe9"

    decoded = decode_bodies(body(span(2)), message.SerializeToString())

    row = decoded.spans.slice(1).to_pylist()[0]
    assert (row["name"], row["status_message"]) == ("caf\ufffd", "\ufffd\ufffd")
    assert row["attributes"] == [("k\ufffdy", "v\ufffd"), ("list", '["x\ufffd"]')]
    assert decoded.answers == [Accepted(1), Accepted(1, 0, INVALID_TEXT)]


@pytest.mark.parametrize(
    "damaged",
    [b"\xff" * 20, b"not protobuf", body(span())[:-1], body(span()) + b"\x0a\x7f", b"\x0b"],
)
def test_a_malformed_body_is_refused(new_decoder, damaged):
    with pytest.raises(MalformedRequest, match="not an OTLP ExportTraceServiceRequest"):
        new_decoder().add("t", damaged)


def nested(depth: int) -> bytes:
    """Return an AnyValue of lists in lists, written by hand: the library refuses deep ones."""
    value = any_value("bottom").SerializeToString()
    for tag in (b"\x0a", b"\x2a") * depth:  # ArrayValue.values, AnyValue.array_value
        value = tag + _VarintBytes(len(value)) + value
    return value


def with_value(value: bytes) -> bytes:
    """Return a request of one span with one attribute, whose AnyValue is these bytes."""
    for tag in (b"\x12", b"\x4a"):  # KeyValue.value, Span.attributes
        value = tag + _VarintBytes(len(value)) + value
    one = span().SerializeToString() + value
    for tag in (b"\x12", b"\x12", b"\x0a"):  # ScopeSpans.spans, .scope_spans, .resource_spans
        one = tag + _VarintBytes(len(one)) + one
    return one


def test_nesting_is_stored_to_a_depth_and_refused_beyond(new_decoder, decode_bodies):
    stored = decode_bodies(with_value(nested(30))).spans["attributes"][0].as_py()

    assert stored == [("", "[" * 30 + '"bottom"' + "]" * 30)]
    with pytest.raises(MalformedRequest):
        new_decoder().add("t", with_value(nested(1000)))


def test_unknown_fields_are_accepted(decode_bodies):
    unknown = b"\xf2\x3e\x03abc"  # field 1006

    one = ExportTraceServiceRequest.FromString(
        body(Span.FromString(span().SerializeToString() + unknown)) + unknown
    )

    assert decode_bodies(one.SerializeToString()).answers == [Accepted(1)]


def test_a_request_that_says_things_twice_means_the_last(decode_bodies):
    twice = Span.FromString(
        span(1, name="first").SerializeToString() + Span(name="second").SerializeToString()
    )
    message = request(twice).SerializeToString()

    decoded = decode_bodies(message + request(span(2)).SerializeToString())

    assert decoded.spans["name"].to_pylist() == ["second", "chat"]


def test_a_repeated_key_is_kept_and_its_first_value_promoted(decode_bodies):
    one = span(1)
    one.attributes.extend(pairs({"gen_ai.request.model": "a"}))
    one.attributes.extend(pairs({"gen_ai.request.model": "b"}))

    row = decode_bodies(body(one)).spans.to_pylist()[0]

    assert row["attributes"] == [("gen_ai.request.model", "a"), ("gen_ai.request.model", "b")]
    assert row["model"] == "a"
