"""W3C Trace Context: what is read, what is refused, and what is written."""

from __future__ import annotations

import pytest

from axonize.propagation import extract, inject
from axonize.spans import ROOT, SpanContext
from axonize.speed import Span

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": PARENT},
        {"Traceparent": f" {PARENT} ", "accept": "*/*"},
        [(b"host", b"x"), (b"traceparent", PARENT.encode())],
        [(b"TraceParent", PARENT.encode())],
        {"traceparent": f"cc-{TRACE}-{SPAN}-01-what-the-future-brings"},
        {"traceparent": f"01-{TRACE}-{SPAN}-01"},
        {"traceparent": f"00-{TRACE}-{SPAN}-ff"},
    ],
)
def test_extract(headers: object) -> None:
    assert extract(headers) == SpanContext(TRACE, SPAN, 1, "")  # type: ignore[arg-type]


def test_extract_unsampled() -> None:
    assert extract({"traceparent": PARENT[:-2] + "00"}) == SpanContext(TRACE, SPAN, 0, "")


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "nonsense",
        PARENT[:-1],
        PARENT + "0",
        PARENT + "-more",
        PARENT.upper(),
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE}-{SPAN}-0x",
        f"00_{TRACE}_{SPAN}_01",
    ],
)
def test_malformed_is_none(parent: str) -> None:
    assert extract({"traceparent": parent, "tracestate": "a=b"}) is None


def test_none_and_two_are_none() -> None:
    assert extract({}) is None
    assert extract([(b"traceparent", PARENT.encode())] * 2) is None


@pytest.mark.parametrize(
    ("state", "read"),
    [
        ("vendor=1", "vendor=1"),
        ("a=1, b=2 ,,c@v=x y", "a=1,b=2,c@v=x y"),
        ("A=1", ""),
        ("a=1,nonsense", ""),
        ("a=\u00e9", ""),
        (",".join(f"k{n}=v" for n in range(32)), ",".join(f"k{n}=v" for n in range(32))),
        (",".join(f"k{n}=v" for n in range(33)), ""),
    ],
)
def test_trace_state(state: str, read: str) -> None:
    context = extract({"traceparent": PARENT, "tracestate": state})
    assert context == SpanContext(TRACE, SPAN, 1, read)


def test_trace_state_of_several_headers() -> None:
    headers = [(b"tracestate", b"a=1"), (b"traceparent", PARENT.encode()), (b"tracestate", b"b=2")]
    context = extract(headers)
    assert context is not None
    assert context.trace_state == "a=1,b=2"


def test_inject() -> None:
    assert inject() == {}
    assert inject(SpanContext(TRACE, SPAN, 1)) == {"traceparent": PARENT}
    unsampled = SpanContext(TRACE, SPAN, 0, "a=1")
    assert inject(unsampled) == {"traceparent": PARENT[:-2] + "00", "tracestate": "a=1"}


def test_there_and_back() -> None:
    with Span("client", parent=ROOT) as span:
        headers = inject()
    context = extract(headers)
    assert context == SpanContext(span.trace_id, span.span_id, 1, "")
    child = Span("server", parent=context)
    assert (child.trace_id, child.parent_span_id) == (span.trace_id, span.span_id)
