from __future__ import annotations

from typing import Any

from axonize_server.model import SpanEvent, SpanRecord
from axonize_server.query.explain.endings import endings, failed_span
from axonize_server.query.explain.path import Segment, family

from tests.server.explaining import MS, node


def record(span=1, *, name="POST", ms=1000, status="unset", message="", events=(), **attributes):
    named: dict[str, Any] = {key.replace("__", "."): each for key, each in attributes.items()}
    return SpanRecord(
        trace_id="t", span_id=f"{span:016x}", parent_span_id="", name=name, kind="server",
        service_name="api", scope_name="", scope_version="", start_ns=0, end_ns=ms * MS,
        status=status, status_message=message, trace_state="", attributes=named, resource={},
        events=list(events), links=[],
    )  # fmt: skip


def texts(*arguments):
    return [(fact.kind, fact.text) for fact in endings(*arguments)]


def test_an_end_without_a_fault_says_nothing():
    assert endings(record(http__response__status_code=200), None, [record(2)], []) == []


def test_the_error_is_followed_down_to_where_it_began():
    spans = [
        node(1, 0, 0, 9, status="error"),
        node(2, 1, 0, 3, status="error"),
        node(3, 1, 4, 3, status="error"),
        node(4, 2, 5, 1),
    ]
    assert failed_span(spans, family(spans), 0) == 2
    assert failed_span(spans, family(spans), 3) is None


def test_an_error_says_what_failed_and_how():
    raised = {"exception.type": "MemoryError", "exception.message": "CUDA out of memory"}
    failed = record(
        2, name="generate", ms=250, status="error", events=[SpanEvent("exception", 0, raised)]
    )
    (fact,) = endings(record(status="error"), failed, [], [])
    assert fact.text == "Failed in generate after 250 ms with MemoryError: CUDA out of memory"
    assert fact.evidence.attributes == raised


def test_a_status_is_an_error_too():
    assert texts(record(http__response__status_code=400), None, [], []) == [
        ("error", "Failed after 1.00 s with HTTP 400")
    ]
    both = {"http__response__status_code": 500, "error__type": "500"}
    failed = record(status="error", **both)
    assert texts(failed, failed, [], []) == [("error", "Failed after 1.00 s with HTTP 500")]


def test_the_request_may_fail_below_an_answer_that_had_begun():
    request = record(2, name="chat", status="error", message="EngineDeadError")
    assert texts(record(), None, [request], []) == [
        ("error", "Failed in chat after 1.00 s with EngineDeadError")
    ]


def test_a_client_that_left_is_told_by_its_request_or_its_connection():
    request = record(2, gen_ai__response__finish_reasons=["abort"], gen_ai__usage__output_tokens=37)
    phases = [(Segment(3, 0, 5), "prefill"), (Segment(4, 5, 9), "decode")]
    (fact,) = endings(record(), None, [request], phases)
    assert fact.text == "The client left after 1.00 s, in decode after 37 tokens"
    assert fact.evidence.counters == {"output_tokens": 37}
    assert fact.evidence.attributes == {"gen_ai.response.finish_reasons": "abort"}
    assert texts(record(axonize__http__client_disconnected=True), None, [], []) == [
        ("abort", "The client left after 1.00 s")
    ]
