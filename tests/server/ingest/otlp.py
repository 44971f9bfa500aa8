"""OTLP requests for tests, and what must be stored of them, computed one span at a time."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

LETTERS = {
    "string_value": "s",
    "int_value": "i",
    "double_value": "d",
    "bool_value": "b",
    "bytes_value": "x",
    "array_value": "a",
    "kvlist_value": "m",
    None: "n",
}
START = 1_795_000_000_000_000_000
EVERY_TYPE = {
    "text": "naïve \N{GRINNING FACE} \x00 end",
    "empty": "",
    "int": -(2**63),
    "double": 6.44e-05,
    "nan": math.nan,
    "infinity": -math.inf,
    "bool": False,
    "bytes": b"\x00\xff",
    "array": ["a", 1, 2.0, True, None, b"\xff", [math.inf], {"k": 2**62}],
    "pairs": {"b": 1, "a": {"deep": [None]}},
    "none": None,
}


def any_value(value: object) -> AnyValue:
    """Return the OTLP value of a Python value."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case dict():
            return AnyValue(kvlist_value={"values": pairs(value)})
        case _:
            return AnyValue(array_value={"values": [any_value(one) for one in value]})


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(number: int = 1, attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    """Return a valid span; its ids are made of number."""
    defaults = {
        "trace_id": number.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "name": "chat",
        "kind": 2,
        "start_time_unix_nano": START,
        "end_time_unix_nano": START + 5,
    }
    return Span(**{**defaults, **fields}, attributes=pairs(attributes or {}))


def request(*spans: Span, resource: dict[str, Any] | None = None) -> ExportTraceServiceRequest:
    scope_spans = ScopeSpans(scope=InstrumentationScope(name="tests", version="1"), spans=spans)
    resource_spans = ResourceSpans(
        resource=Resource(attributes=pairs(resource or {"service.name": "chat-api"})),
        scope_spans=[scope_spans],
    )
    return ExportTraceServiceRequest(resource_spans=[resource_spans])


def body(*spans: Span, resource: dict[str, Any] | None = None) -> bytes:
    return request(*spans, resource=resource).SerializeToString()


# What must be stored


def plain(value: AnyValue) -> object:
    """Return the value as the JSON text of an array or a key-value list holds it."""
    member = value.WhichOneof("value")
    content: Any = getattr(value, member) if member else None
    match member:
        case "bytes_value":
            return {"bytes": base64.b64encode(content).decode()}
        case "double_value" if not math.isfinite(content):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(content)]
        case "array_value":
            return [plain(one) for one in content.values]
        case "kvlist_value":
            return {pair.key: plain(pair.value) for pair in content.values}
    return content


def sent(attributes: Any) -> list[tuple[str, str, str]]:
    """Return (key, type letter, value) of each pair; the value by its repr, so that NaN is NaN."""
    return [(pair.key, *_sent_value(pair.value)) for pair in attributes]


def _sent_value(value: AnyValue) -> tuple[str, str]:
    member = value.WhichOneof("value")
    content = getattr(value, member) if member else None
    if member in ("array_value", "kvlist_value"):
        content = plain(value)
    return LETTERS[member], repr(content)


READERS = {
    "s": str,
    "i": int,
    "d": float,
    "b": {"true": True, "false": False}.__getitem__,
    "x": bytes.fromhex,
    "a": json.loads,
    "m": json.loads,
    "n": {"": None}.__getitem__,
}


def stored(attributes: Any, letters: str) -> list[tuple[str, str, str]]:
    """Return what a map of texts and its type letters say, in the form of `sent`."""
    return [
        (key, letter, repr(READERS[letter](text)))
        for (key, text), letter in zip(attributes, letters, strict=True)
    ]


def sent_rows(message: ExportTraceServiceRequest) -> Iterator[dict[str, Any]]:
    """Yield one row for each span, by reading the message field by field."""
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for one in scope_spans.spans:
                yield {
                    **_sent_span(one),
                    "scope": (scope_spans.scope.name, scope_spans.scope.version),
                    "scope_attributes": sent(scope_spans.scope.attributes),
                    "resource_attributes": sent(resource_spans.resource.attributes),
                }


def _sent_span(one: Span) -> dict[str, Any]:
    start = min(one.start_time_unix_nano, 2**63 - 1)
    return {
        "trace_id": one.trace_id,
        "span_id": one.span_id,
        "parent_span_id": one.parent_span_id or bytes(8),
        "trace_state": one.trace_state,
        "flags": one.flags,
        "name": one.name,
        "kind": one.kind if 0 <= one.kind <= 5 else 0,
        "start_time": start,
        "end_time": max(start, min(one.end_time_unix_nano, 2**63 - 1)),
        "status": (one.status.code if 0 <= one.status.code <= 2 else 0, one.status.message),
        "attributes": sent(one.attributes),
        "events": [
            (min(event.time_unix_nano, 2**63 - 1), event.name, sent(event.attributes))
            for event in one.events
        ],
        "links": [
            (link.trace_id, link.span_id, link.trace_state, sent(link.attributes))
            for link in one.links
        ],
    }


def stored_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a table with the columns of `spans`, in the form of `sent_rows`."""
    names = table.column_names
    columns = [_plain_column(table.column(name)) for name in names]
    return [_stored_row(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]


def _plain_column(column: pa.ChunkedArray) -> list[Any]:
    """Times as Unix ns: Python's own times have no nanoseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    elif pa.types.is_list(column.type) and pa.types.is_timestamp(column.type.value_type):
        column = column.cast(pa.list_(pa.int64()))
    return column.to_pylist()


def _stored_row(row: dict[str, Any]) -> dict[str, Any]:
    events = (row[f"events.{name}"] for name in ("time", "name", "attributes", "attribute_types"))
    links = (
        row[f"links.{name}"]
        for name in ("trace_id", "span_id", "trace_state", "attributes", "attribute_types")
    )
    same = ("trace_id", "span_id", "parent_span_id", "trace_state", "flags", "name", "kind")
    return {
        **{name: row[name] for name in (*same, "start_time", "end_time")},
        "status": (row["status"], row["status_message"]),
        "scope": (row["scope_name"], row["scope_version"]),
        "attributes": stored(row["attributes"], row["attribute_types"]),
        "scope_attributes": stored(row["scope_attributes"], row["scope_attribute_types"]),
        "resource_attributes": stored(row["resource_attributes"], row["resource_attribute_types"]),
        "events": [
            (time, name, stored(attributes, letters))
            for time, name, attributes, letters in zip(*events, strict=True)
        ],
        "links": [
            (trace, span_id, state, stored(attributes, letters))
            for trace, span_id, state, attributes, letters in zip(*links, strict=True)
        ],
    }


# Any request

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_keys = st.one_of(
    _texts,
    st.sampled_from(
        ["gen_ai.request.model", "gen_ai.usage.input_tokens", "gpu.1.model", "gpu.x.y"]
    ),
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    _texts,
    st.binary(max_size=6),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)
    ),
    max_leaves=6,
)
_pairs = st.lists(
    st.builds(lambda key, value: KeyValue(key=key, value=any_value(value)), _keys, _values)
    | st.builds(KeyValue, key=_keys),
    max_size=5,
)
_times = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, START, 2**63, 2**64 - 1]))
_trace_ids = st.binary(min_size=16, max_size=16).filter(any)
_span_ids = st.binary(min_size=8, max_size=8).filter(any)
_enums = st.sampled_from([0, 1, 2, 5, 6, -1, 2**31 - 1])
_events = st.builds(Span.Event, time_unix_nano=_times, name=_texts, attributes=_pairs)
_links = st.builds(
    Span.Link, trace_id=_trace_ids, span_id=_span_ids, trace_state=_texts, attributes=_pairs
)
_spans = st.builds(
    Span,
    trace_id=_trace_ids,
    span_id=_span_ids,
    parent_span_id=st.one_of(st.just(b""), _span_ids),
    trace_state=_texts,
    flags=st.integers(0, 2**32 - 1),
    name=_texts,
    kind=_enums,
    start_time_unix_nano=_times,
    end_time_unix_nano=_times,
    attributes=_pairs,
    events=st.lists(_events, max_size=2),
    links=st.lists(_links, max_size=2),
    status=st.none() | st.builds(Status, code=_enums, message=_texts),
)
_scope_spans = st.builds(
    ScopeSpans,
    scope=st.none()
    | st.builds(InstrumentationScope, name=_texts, version=_texts, attributes=_pairs),
    spans=st.lists(_spans, max_size=3),
)
_resource_spans = st.builds(
    ResourceSpans,
    resource=st.none() | st.builds(Resource, attributes=_pairs),
    scope_spans=st.lists(_scope_spans, max_size=2),
)
REQUESTS = st.builds(
    ExportTraceServiceRequest, resource_spans=st.lists(_resource_spans, max_size=2)
)
