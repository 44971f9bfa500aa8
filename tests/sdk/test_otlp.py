from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from axonize import guard
from axonize.otlp import encode_request
from axonize.spans import ROOT, SpanContext
from tests.sdk.conftest import HAVE_C, implementation


def decode_spans(encoded: bytes) -> list[SpanMessage]:
    return list(ScopeSpans.FromString(encoded).spans)


def decode_value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return tuple(decode_value(element) for element in value.array_value.values)
        case "kvlist_value":
            return decode_attributes(value.kvlist_value.values)
        case field:
            return getattr(value, field)


def decode_attributes(attributes: Any) -> dict[str, Any]:
    return {entry.key: decode_value(entry.value) for entry in attributes}


def encoded_value(core: Any, value: Any) -> Any:
    [message] = decode_spans(core.encode_spans([core.Span("x", {"key": value})]))
    return decode_attributes(message.attributes)["key"]


def test_a_whole_span(core: Any) -> None:
    times, ids = iter(range(1_001, 2_000)), iter(range(1, 100))
    core.set_test_source(times.__next__, ids.__next__)
    parent = SpanContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, "v=1")
    with core.Span("chat", {"model": "llama"}, kind="client", parent=parent) as span:
        span.add_event("first token", {"n": 1}, time_ns=7)
        span.add_event("")
        span.add_link(SpanContext("ab" * 16, "cd" * 8, 1, "l=2"), {"why": "retry"})
        span.add_link(SpanContext("ab" * 16, "cd" * 8, 0))
        span.set_status("error", "too slow")
        for n in range(130):
            span.set_attribute(f"key {n}", n)
    for _ in range(3):
        core.Span("x")
    [message] = decode_spans(core.encode_spans([span]))
    attributes = message.attributes
    assert decode_attributes(attributes) == {"model": "llama"} | {f"key {n}": n for n in range(127)}
    del message.attributes[:]
    assert message == SpanMessage(
        trace_id=bytes.fromhex(parent.trace_id),
        span_id=(1).to_bytes(8, "big"),
        parent_span_id=bytes.fromhex(parent.span_id),
        trace_state="v=1",
        flags=1,
        name="chat",
        kind=SpanMessage.SPAN_KIND_CLIENT,
        start_time_unix_nano=1001,
        end_time_unix_nano=1003,
        dropped_attributes_count=3,
        events=[
            {
                "time_unix_nano": 7,
                "name": "first token",
                "attributes": [{"key": "n", "value": {"int_value": 1}}],
            },
            {"time_unix_nano": 1002},
        ],
        links=[
            {
                "trace_id": b"\xab" * 16,
                "span_id": b"\xcd" * 8,
                "trace_state": "l=2",
                "flags": 1,
                "attributes": [{"key": "why", "value": {"string_value": "retry"}}],
            },
            {"trace_id": b"\xab" * 16, "span_id": b"\xcd" * 8},
        ],
        status={"message": "too slow", "code": "STATUS_CODE_ERROR"},
    )


@pytest.mark.parametrize(
    ("kind", "number"),
    [("internal", 1), ("server", 2), ("client", 3), ("producer", 4), ("consumer", 5)],
)
def test_kinds(core: Any, kind: Any, number: int) -> None:
    assert decode_spans(core.encode_spans([core.Span("x", kind=kind)]))[0].kind == number


@pytest.mark.parametrize(("status", "code"), [("unset", 0), ("ok", 1), ("error", 2)])
def test_statuses(core: Any, status: Any, code: int) -> None:
    span = core.Span("x")
    span.set_status(status)
    [message] = decode_spans(core.encode_spans([span]))
    assert (message.status.code, message.HasField("status")) == (code, code > 0)


def test_an_unsampled_trace_has_no_sampled_flag(core: Any) -> None:
    core.configure(None, sampling_bound=0)
    assert decode_spans(core.encode_spans([core.Span("x")]))[0].flags == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        ("héllo", "héllo"),
        ("a" * 127, "a" * 127),
        ("a" * 128, "a" * 128),
        ("é" * 70_000, "é" * 70_000),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("nul \x00", "nul \x00"),
        (True, True),
        (False, False),
        (0, 0),
        (-1, -1),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, "9223372036854775808"),
        (-(2**63) - 1, "-9223372036854775809"),
        (1.5, 1.5),
        (-0.0, -0.0),
        (math.inf, math.inf),
        (b"", b""),
        (b"\x00\xff" * 100, b"\x00\xff" * 100),
        ([], ()),
        ([1, "a", None, [2.5, b"x"], {"k": [True]}], (1, "a", None, (2.5, b"x"), {"k": (True,)})),
        ({}, {}),
        ({"a": None, "b": {"c": (1,)}, 3: "three"}, {"a": None, "b": {"c": (1,)}, "3": "three"}),
    ],
)
def test_values(core: Any, value: Any, expected: Any) -> None:
    decoded = encoded_value(core, value)
    assert (decoded, type(decoded)) == (expected, type(expected))


def test_long_values_that_spans_share(core: Any) -> None:
    columns = [tuple(range(number, number + 40)) for number in range(12)]
    wanted = [
        {str(n): columns[n] for n in (first, first + 1, 0)} for first in (*range(11), *range(11))
    ]
    decoded = decode_spans(core.encode_spans([core.Span("x", each) for each in wanted]))
    assert [decode_attributes(message.attributes) for message in decoded] == wanted


def test_the_deepest_value_can_still_be_decoded(core: Any) -> None:
    cyclic: Any = {}
    cyclic["again"] = cyclic
    decoded, depth = encoded_value(core, cyclic), 0
    while isinstance(decoded, dict):
        decoded, depth = decoded["again"], depth + 1
    assert (depth, decoded) == (16, str(cyclic))


def test_an_integer_too_long_for_decimal_digits(core: Any) -> None:
    assert encoded_value(core, 10**5000) == hex(10**5000)


def test_not_a_number(core: Any) -> None:
    assert math.isnan(encoded_value(core, math.nan))


def test_a_surrogate_anywhere_loses_no_span(core: Any) -> None:
    bad = "\udfff"
    span = core.Span(bad, {bad: {bad: bad}}, parent=SpanContext("1" * 32, "2" * 16, 1, bad))
    span.add_event(bad, {bad: bad})
    span.set_status("error", bad)
    [message] = decode_spans(core.encode_spans([span]))
    assert (message.name, message.trace_state, message.status.message) == ("?", "?", "?")
    assert decode_attributes(message.attributes) == {"?": {"?": "?"}}


def test_what_is_no_span_is_left_out(core: Any) -> None:
    with pytest.raises(AttributeError):
        core.encode_spans([object()])
    guard.set_strict(False)
    encoded = core.encode_spans([core.Span("a"), object(), core.Span("b")])
    assert [message.name for message in decode_spans(encoded)] == ["a", "b"]


def test_nothing_encodes_to_nothing(core: Any) -> None:
    assert (core.encode_spans([]), core.encode_spans(iter([]))) == (b"", b"")


def test_either_version_encodes_the_spans_of_the_other(core: Any) -> None:
    for name in ["c", "python"] if HAVE_C else ["python"]:
        span = implementation(name).Span("x", {"a": [1, {"b": None}]}, parent=ROOT)
        encoders = (core, implementation("python"))
        assert len({encoder.encode_spans([span]) for encoder in encoders}) == 1


def test_a_whole_request(core: Any) -> None:
    first, second = core.Span("a"), core.Span("b")
    encoded = [core.encode_spans([first]), core.encode_spans([second])]
    resource = {"service.name": "svc", "process.pid": 7, "dropped": None}
    request = ExportTraceServiceRequest.FromString(
        encode_request(resource, ("axonize", "0.1"), encoded)
    )
    [resource_spans] = request.resource_spans
    [scope_spans] = resource_spans.scope_spans
    assert decode_attributes(resource_spans.resource.attributes) == {
        "service.name": "svc",
        "process.pid": 7,
    }
    assert (scope_spans.scope.name, scope_spans.scope.version) == ("axonize", "0.1")
    assert [span.name for span in scope_spans.spans] == ["a", "b"]


# --- any span ---

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
PLAIN = TEXT | st.booleans() | INTEGERS | st.floats(allow_nan=False) | st.binary(max_size=30)
VALUES = st.recursive(
    PLAIN,
    lambda values: (
        st.lists(values | st.none(), max_size=5).map(tuple)
        | st.dictionaries(TEXT, values | st.none(), max_size=5)
    ),
    max_leaves=8,
)
ATTRIBUTES = st.dictionaries(TEXT, VALUES, max_size=6)
TIMES = st.integers(1, 2**63 - 1)
CONTEXTS = st.builds(
    SpanContext,
    st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex),
    st.binary(min_size=8, max_size=8).filter(any).map(bytes.hex),
    st.sampled_from([0, 1]),
    TEXT,
)
SPANS = st.fixed_dictionaries(
    {
        "name": TEXT,
        "kind": st.sampled_from(["internal", "server", "client", "producer", "consumer"]),
        "parent": CONTEXTS | st.just(ROOT),
        "start_ns": TIMES,
        "end_ns": TIMES,
        "attributes": ATTRIBUTES,
        "events": st.lists(st.tuples(TEXT, ATTRIBUTES, TIMES), max_size=3),
        "links": st.lists(st.tuples(CONTEXTS, ATTRIBUTES), max_size=3),
        "status": st.tuples(st.sampled_from(["unset", "ok", "error"]), TEXT),
    }
)


def build(core: Any, wanted: dict[str, Any]) -> Any:
    core.set_test_source(None, iter([5, 6]).__next__)
    begin = ("name", "attributes", "kind", "parent", "start_ns")
    span = core.Span(**{name: wanted[name] for name in begin})
    for event in wanted["events"]:
        span.add_event(*event)
    for link in wanted["links"]:
        span.add_link(*link)
    span.set_status(*wanted["status"])
    span.end(wanted["end_ns"])
    core.set_test_source(None, None)
    return span


@pytest.mark.parametrize("version", ["c", "python"] if HAVE_C else ["python"])
@settings(deadline=None, max_examples=50)
@given(wanted=SPANS)
def test_decoding_gives_what_was_recorded(version: str, wanted: dict[str, Any]) -> None:
    core = implementation(version)
    span = build(core, wanted)
    encoded = core.encode_spans([span])
    [message] = decode_spans(encoded)
    assert ScopeSpans(spans=[message]).SerializeToString() == encoded  # canonical form
    assert decode_attributes(message.attributes) == wanted["attributes"] == span.attributes
    assert (message.name, message.trace_id.hex(), message.span_id.hex()) == (
        wanted["name"],
        span.trace_id,
        span.span_id,
    )
    assert message.parent_span_id.hex() == span.parent_span_id
    assert message.start_time_unix_nano == wanted["start_ns"]
    assert message.end_time_unix_nano == max(wanted["start_ns"], wanted["end_ns"])
    assert wanted["events"] == [
        (event.name, decode_attributes(event.attributes), event.time_unix_nano)
        for event in message.events
    ]
    assert wanted["links"] == [
        (
            SpanContext(link.trace_id.hex(), link.span_id.hex(), link.flags, link.trace_state),
            decode_attributes(link.attributes),
        )
        for link in message.links
    ]


if HAVE_C:

    @settings(deadline=None, max_examples=50)
    @given(wanted=SPANS)
    def test_the_versions_encode_alike(wanted: dict[str, Any]) -> None:
        c, python = implementation("c"), implementation("python")
        assert c.encode_spans([build(c, wanted)]) == python.encode_spans([build(python, wanted)])
