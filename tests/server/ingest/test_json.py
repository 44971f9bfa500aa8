"""OTLP/JSON says what the protobuf request says, or where it is wrong."""

from __future__ import annotations

import base64
import json

import pytest
from axonize_server.ingest.json import to_protobuf
from axonize_server.model import MalformedRequest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.server.ingest.otlp import EVERY_TYPE, REQUESTS, START, pairs, request, span


def otlp_json(message: ExportTraceServiceRequest) -> bytes:
    """Write the JSON of OTLP: that of Protocol Buffers, but ids in hex and enums as numbers."""
    return json.dumps(hex_ids(MessageToDict(message, use_integers_for_enums=True))).encode()


def hex_ids(value):
    if isinstance(value, list):
        return [hex_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(one).hex()
        if key in ("traceId", "spanId", "parentSpanId") and isinstance(one, str)
        else hex_ids(one)
        for key, one in value.items()
    }


def test_a_request_of_every_type():
    event = Span.Event(name="e", time_unix_nano=START, attributes=pairs({"k": 1}))
    link = Span.Link(trace_id=b"t" * 16, span_id=b"s" * 8, trace_state="a=b", flags=1)
    message = request(
        span(1, EVERY_TYPE, events=[event], links=[link], flags=257, status={"code": 2}),
        resource=EVERY_TYPE,
    )

    read = ExportTraceServiceRequest.FromString(to_protobuf(otlp_json(message)))

    assert str(read) == str(message)


@settings(deadline=None, max_examples=40)
@given(REQUESTS)
def test_any_request(message):
    read = ExportTraceServiceRequest.FromString(to_protobuf(otlp_json(message)))

    assert str(read) == str(message)


def one_span(**fields) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}).encode()


def read_span(**fields) -> Span:
    message = ExportTraceServiceRequest.FromString(to_protobuf(one_span(**fields)))
    return message.resource_spans[0].scope_spans[0].spans[0]


def test_numbers_enums_and_base64_in_every_spelling():
    read = read_span(
        startTimeUnixNano="18446744073709551615",
        endTimeUnixNano=7,
        flags="3",
        kind="SPAN_KIND_SERVER",
        status={"code": "STATUS_CODE_ERROR"},
        attributes=[
            {"key": "text", "value": {"intValue": "-5"}},
            {"key": "whole", "value": {"intValue": 5.0}},
            {"key": "double", "value": {"doubleValue": "-Infinity"}},
            {"key": "integer", "value": {"doubleValue": 1}},
            {"key": "urlsafe", "value": {"bytesValue": "_-8"}},
        ],
    )

    expected = {
        "text": -5, "whole": 5, "double": float("-inf"), "integer": 1.0, "urlsafe": b"\xff\xef"
    }  # fmt: skip
    assert read == Span(
        start_time_unix_nano=2**64 - 1,
        end_time_unix_nano=7,
        flags=3,
        kind=2,
        status={"code": 2},
        attributes=pairs(expected),
    )


def test_unknown_fields_and_nulls_are_not_set():
    assert read_span(name=None, events=None, status=None, extra={"deep": [1]}) == Span()


SPAN = "$.resourceSpans[0].scopeSpans[0].spans[0]"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"traceId": "zz"}, f"{SPAN}.traceId"),
        ({"traceId": 5}, f"{SPAN}.traceId"),
        ({"kind": "SPAN_KIND_OTHER"}, f"{SPAN}.kind"),
        ({"kind": 1.5}, f"{SPAN}.kind"),
        ({"startTimeUnixNano": -1}, f"{SPAN}.startTimeUnixNano"),
        ({"startTimeUnixNano": "9" * 100}, f"{SPAN}.startTimeUnixNano"),
        ({"name": 1}, f"{SPAN}.name"),
        ({"status": {"code": True}}, f"{SPAN}.status.code"),
        ({"attributes": [{"value": {"intValue": 2**63}}]}, f"{SPAN}.attributes[0].value.intValue"),
        ({"attributes": [{"value": {"bytesValue": "*"}}]}, f"{SPAN}.attributes[0].value.bytes"),
        ({"attributes": [{"value": {"bytesValue": {}}}]}, f"{SPAN}.attributes[0].value.bytes"),
        ({"attributes": [{"value": {"doubleValue": 10**400}}]}, f"{SPAN}.attributes[0].value.d"),
        ({"attributes": [{"value": {"doubleValue": "one"}}]}, f"{SPAN}.attributes[0].value.d"),
        ({"events": [{"name": []}]}, f"{SPAN}.events[0].name"),
    ],
)
def test_an_error_names_its_place(fields, place):
    with pytest.raises(MalformedRequest) as refusal:
        to_protobuf(one_span(**fields))

    assert f"at `{place}" in str(refusal.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"resourceSpans": 1}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "\\ud800"}]}]}]}',
        b'{"unknown": ' + b"[" * 100_000,
        b'{"resourceSpans": [' + b"{}," * 2_000_000 + b"{}]}",
        b'{"resourceSpans":[{"resource":{"attributes":[{"value":'
        + b'{"arrayValue":{"values":[' * 5000
        + b"]}}" * 5000
        + b"}]}}]}",
    ],
)
def test_what_is_not_otlp_json_is_refused(body):
    with pytest.raises(MalformedRequest):
        to_protobuf(body)
