from __future__ import annotations

from typing import Any

import pytest

from axonize.span import ROOT, SpanContext, current_span


@pytest.fixture
def buffer(core: Any) -> Any:
    counter = iter(range(1, 1_000_000))
    core.set_test_source(lambda: 1_000 + next(counter), iter(range(1, 1_000_000)).__next__)
    ring = core.RingBuffer(1_000)
    core.configure(ring)
    return ring


def described(span: Any) -> dict[str, Any]:
    return {
        name: getattr(span, name)
        for name in (
            "name",
            "trace_id",
            "span_id",
            "parent_span_id",
            "kind",
            "start_ns",
            "end_ns",
            "status",
            "status_message",
            "attributes",
            "events",
            "links",
            "ended",
            "trace_state",
        )
    }


def test_a_whole_span(core: Any, buffer: Any) -> None:
    with core.Span("chat", {"gen_ai.request.model": "llama"}, kind="client") as span:
        span.set_attribute("a", 1)
        span.set_attributes({"b": [1, "x"], "c": {"d": 1.5}})
        span.add_event("first token", {"n": 1}, time_ns=7)
        span.add_link(SpanContext("ab" * 16, "cd" * 8), {"why": "retry"})
        span.set_status("error", "too slow")
        span.set_gpus(["cuda:0", "cuda:1"])
    assert buffer.drain(10) == [span]
    assert described(span) == {
        "name": "chat",
        "trace_id": f"{1:032x}",
        "span_id": f"{2:016x}",
        "parent_span_id": "",
        "kind": "client",
        "start_ns": 1001,
        "end_ns": 1002,
        "status": "error",
        "status_message": "too slow",
        "attributes": {
            "gen_ai.request.model": "llama",
            "a": 1,
            "b": (1, "x"),
            "c": {"d": 1.5},
            "gpu.0.label": "cuda:0",
            "gpu.1.label": "cuda:1",
        },
        "events": [("first token", 7, {"n": 1})],
        "links": [(SpanContext("ab" * 16, "cd" * 8), {"why": "retry"})],
        "ended": True,
        "trace_state": "",
    }


def test_the_block_makes_the_span_current(core: Any, buffer: Any) -> None:
    with core.Span("outer") as outer:
        assert current_span.get() is outer
        with core.Span("inner") as inner:
            assert (inner.trace_id, inner.parent_span_id) == (outer.trace_id, outer.span_id)
        with core.Span("apart", parent=ROOT) as apart:
            assert (apart.trace_id == outer.trace_id, apart.parent_span_id) == (False, "")
    assert current_span.get() is None
    assert buffer.drain(10) == [inner, apart, outer]


def test_a_remote_parent_is_joined(core: Any, buffer: Any) -> None:
    remote = SpanContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, "v=1")
    span = core.Span("server", parent=remote)
    assert (span.trace_id, span.parent_span_id, span.trace_state) == (
        "0af7651916cd43dd8448eb211c80319c",
        "b7ad6b7169203331",
        "v=1",
    )
