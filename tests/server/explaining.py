"""Spans of requests to an engine, and traces of any shape, for what explains them."""

from __future__ import annotations

from typing import Any

from axonize_server.model import SpanNode
from hypothesis import strategies as st

from tests.server.rows import row

MS = 1_000_000
REQUEST = {"model": "llama"}
PHASES = ("preprocess", "wait", "queue", "prefill", "decode", "delivery")


def node(span: int, depth: int, start: int, length: int, **more: Any) -> SpanNode:
    """Return a span in its place; times in ns."""
    described: dict[str, Any] = {
        "span_id": f"{span:016x}",
        "parent_span_id": None,
        "depth": depth,
        "child_count": 0,
        "name": "work",
        "service_name": "api",
        "kind": "internal",
        "status": "unset",
        "start_offset_ns": start,
        "duration_ns": length,
        "model": None,
        "input_tokens": 0,
        "output_tokens": 0,
        "ttft_ms": None,
        "gpus": [],
        "links": 0,
        "events": 0,
        "orphan": False,
        "skewed": False,
    }
    return SpanNode(**{**described, **more})


@st.composite
def trees(draw: st.DrawFn) -> list[SpanNode]:
    """Depth-first spans whose children may begin before them, outlive them and overlap."""
    spans = [node(1, 0, draw(st.integers(0, 50)), draw(st.integers(0, 1000)))]
    for number in range(2, draw(st.integers(1, 30)) + 1):
        depth = draw(st.integers(1, spans[-1].depth + 1))
        start, length = draw(st.integers(0, 1200)), draw(st.integers(0, 600))
        spans.append(node(number, depth, start, length))
    return spans


def request(
    trace: int, span: int, start_ms: float, *lengths_ms: float, parent: int = 0, **columns: Any
) -> list[dict[str, Any]]:
    """Return a request span and its phases, which follow each other."""
    made = [
        row(
            trace,
            span,
            parent,
            name="chat llama",
            start_ms=start_ms,
            ms=sum(lengths_ms),
            **{**REQUEST, **columns},
        )
    ]
    at = start_ms
    for place, (name, length) in enumerate(zip(PHASES, lengths_ms, strict=False)):
        made.append(row(trace, span * 100 + place, span, name=name, start_ms=at, ms=length))
        at += length
    return made
