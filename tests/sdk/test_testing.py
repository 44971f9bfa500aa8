"""Capturing spans in tests: deterministic, whole, and without a trace afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

import axonize
from axonize import guard
from axonize.speed import current_span
from axonize.testing import CapturedSpans, capture_spans, span_tree

pytest_plugins = "pytester"


def test_times_and_ids_are_counted() -> None:
    for _ in range(2):
        with capture_spans() as captured, axonize.span("outer"), axonize.span("inner"):
            pass
        inner, outer = captured.spans
        assert [inner.span_id, outer.span_id] == ["0000000000000003", "0000000000000002"]
        assert inner.trace_id == outer.trace_id == f"{1:032x}"
        assert [outer.start_ns, inner.start_ns, inner.end_ns, outer.end_ns] == [
            1_700_000_000_000_000_000 + milliseconds * 1_000_000 for milliseconds in range(4)
        ]


def test_tree(captured_spans: CapturedSpans) -> None:
    with axonize.span("request", kind="server") as request:
        with axonize.span("prefill", {"tokens": 3}):
            pass
        with axonize.span("decode") as decode:
            decode.add_event("first token", {"at": 1})
            decode.add_link(request)
            decode.set_status("error", "out of memory")
    with axonize.span("other") as other:
        other.record_exception(ValueError("no"))
        other.set_status("ok")
    exception = {"exception.type": "ValueError", "exception.message": "no"}
    assert captured_spans.tree() == [
        {
            "name": "request",
            "kind": "server",
            "children": [
                {"name": "prefill", "attributes": {"tokens": 3}},
                {
                    "name": "decode",
                    "status": ("error", "out of memory"),
                    "events": [("first token", {"at": 1})],
                    "links": [(request.trace_id, request.span_id)],
                },
            ],
        },
        {"name": "other", "status": "ok", "events": [("exception", exception)]},
    ]
    assert span_tree(captured_spans.spans) == captured_spans.tree()
    captured_spans.clear()
    assert captured_spans.spans == []


def test_spans_of_other_threads(captured_spans: CapturedSpans) -> None:
    thread = threading.Thread(target=lambda: axonize.span("there").end())
    thread.start()
    thread.join()
    assert [span.name for span in captured_spans.spans] == ["there"]


def test_latencies_have_counted_times(captured_spans: CapturedSpans) -> None:
    with axonize.llm_span("chat") as span:
        for _ in range(3):
            span.record_token()
    assert captured_spans.tree() == [
        {
            "name": "chat",
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.output_tokens": 3,
                "gen_ai.response.time_to_first_chunk": 0.001,
                "axonize.ttft_ms": 1.0,
                "axonize.tpot_ms": 1.0,
                "axonize.itl.p50_ms": 1.0,
                "axonize.itl.p99_ms": 1.0,
                "axonize.itl.max_ms": 1.0,
            },
        }
    ]


def test_everything_is_as_before() -> None:
    strict = guard.strict
    with axonize.span("around") as around:
        with pytest.raises(RuntimeError, match="the test failed"):
            fail_while_capturing()
        assert current_span.get() is around
    assert guard.strict == strict
    assert len(axonize.span("real").span_id.lstrip("0")) > 8


def fail_while_capturing() -> None:
    with capture_spans() as captured:
        assert guard.strict
        assert current_span.get() is None
        axonize.span("inside").end()
        assert [span.name for span in captured.spans] == ["inside"]
        raise RuntimeError("the test failed")


def test_plugin_is_found_and_changes_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import axonize
        from axonize import guard

        def test_without():
            assert not guard.strict
            assert not axonize.initialized()

        def test_with(captured_spans):
            with axonize.span("x"):
                pass
            assert captured_spans.tree() == [{"name": "x"}]
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_without_pytest() -> None:
    program = """
import sys
sys.modules["pytest"] = None
from axonize import span, testing
with testing.capture_spans() as captured:
    span("x").end()
print(captured.tree())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[{'name': 'x'}]\n"
