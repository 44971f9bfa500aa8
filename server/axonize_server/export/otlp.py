"""A trace as OTLP/JSON, which any receiver takes, this one too."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from axonize_server.model import NotFound
from axonize_server.store.clickhouse.export.reader import Attributes, ExportReader, OtlpSpan

SPANS_A_PIECE = 500
# A quarter of what a receiver such as this one takes at once.
LINE_BYTES = 4 << 20

Json = dict[str, object]


def trace(reader: ExportReader, tenant: str, trace_id: str) -> Iterator[bytes]:
    """Return one export request with every span of a trace, in pieces; raises NotFound.

    The first piece is read before this returns, the others when they are asked for.
    """
    return _pieces(_pages(reader, tenant, trace_id))


def lines(reader: ExportReader, tenant: str, trace_id: str) -> Iterator[bytes]:
    """Return export requests with every span of a trace between them, one a line; raises NotFound.

    A line is small enough for every receiver, unless a single span is not. Lines are read as the
    pieces of `trace` are.
    """
    return (line for spans in _pages(reader, tenant, trace_id) for line in _lines(spans))


def _pages(reader: ExportReader, tenant: str, trace_id: str) -> Iterator[list[OtlpSpan]]:
    first = reader.otlp_spans(tenant, trace_id, (0, ""), SPANS_A_PIECE)
    if not first:
        raise NotFound(f"no trace {trace_id}")
    return _pages_from(reader, tenant, first)


def _pages_from(
    reader: ExportReader, tenant: str, spans: list[OtlpSpan]
) -> Iterator[list[OtlpSpan]]:
    while spans:
        yield spans
        last = spans[-1]
        after = (last.start_ns, last.span_id)
        spans = reader.otlp_spans(tenant, last.trace_id, after, SPANS_A_PIECE)


def _pieces(pages: Iterator[list[OtlpSpan]]) -> Iterator[bytes]:
    before = b'{"resourceSpans":['
    for spans in pages:
        yield before + _resources(spans)
        before = b","
    yield b"]}"


def _lines(spans: list[OtlpSpan]) -> Iterator[bytes]:
    line = b'{"resourceSpans":[' + _resources(spans) + b"]}\n"
    if len(line) <= LINE_BYTES or len(spans) == 1:
        yield line
        return
    middle = len(spans) // 2
    yield from _lines(spans[:middle])
    yield from _lines(spans[middle:])


def _resources(spans: list[OtlpSpan]) -> bytes:
    return b",".join(map(_encode, _by_resource(spans)))


def _encode(message: Json) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _by_resource(spans: Sequence[OtlpSpan]) -> Iterator[Json]:
    """Put neighbours of one resource and one scope together."""
    for resource, of_resource in groupby(spans, lambda span: span.resource):
        scopes = groupby(of_resource, lambda s: (s.scope_name, s.scope_version, s.scope))
        yield {
            "resource": {"attributes": _pairs(resource)},
            "scopeSpans": [
                {
                    "scope": {"name": name, "version": version, "attributes": _pairs(scope)},
                    "spans": [_span(each) for each in of_scope],
                }
                for (name, version, scope), of_scope in scopes
            ],
        }


def _span(span: OtlpSpan) -> Json:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_span_id,
        "traceState": span.trace_state,
        "flags": span.flags,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _pairs(span.attributes),
        "events": [
            {"timeUnixNano": str(time), "name": name, "attributes": _pairs(attributes)}
            for time, name, attributes in zip(
                span.event_times, span.event_names, span.event_attributes, strict=True
            )
        ],
        "links": [
            {"traceId": trace_id, "spanId": span_id, "traceState": state, "attributes": _pairs(of)}
            for trace_id, span_id, state, of in zip(
                span.link_traces, span.link_spans, span.link_states, span.link_attributes,
                strict=True,
            )
        ],
        "status": {"code": span.status, "message": span.status_message},
    }  # fmt: skip


def _pairs(attributes: Attributes) -> list[Json]:
    keys, texts, letters = attributes
    return [
        {"key": key, "value": _VALUES[letter](text)}
        for key, text, letter in zip(keys, texts, letters, strict=True)
    ]


def _double(text: str) -> Json:
    number = float(text)
    if math.isfinite(number):
        return {"doubleValue": number}
    return {"doubleValue": "NaN" if math.isnan(number) else f"{'-' * (number < 0)}Infinity"}


def _bytes(content: bytes) -> Json:
    return {"bytesValue": base64.b64encode(content).decode()}


_VALUES: dict[str, Callable[[str], Json]] = {
    "s": lambda text: {"stringValue": text},
    "i": lambda text: {"intValue": text},
    "d": _double,
    "b": lambda text: {"boolValue": text == "true"},
    "x": lambda text: _bytes(bytes.fromhex(text)),
    "a": lambda text: _value(json.loads(text)),
    "m": lambda text: _value(json.loads(text)),
    "n": lambda _: {},
}


def _value(plain: object) -> Json:
    """Return a value inside an array or a key-value list, which are stored as JSON.

    Bytes are stored as {"bytes": base64}, a list of that one pair too: both are stored as the same.
    """
    match plain:
        case None:
            return {}
        case bool():
            return {"boolValue": plain}
        case int():
            return {"intValue": str(plain)}
        case float():
            return {"doubleValue": plain}
        case str():
            return {"stringValue": plain}
        case list():
            return {"arrayValue": {"values": [_value(each) for each in plain]}}
        case dict():
            pairs = [{"key": key, "value": _value(each)} for key, each in plain.items()]
            return {"kvlistValue": {"values": pairs}}
    raise AssertionError(f"no JSON: {plain!r}")
