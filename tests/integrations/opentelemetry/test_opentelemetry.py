"""Spans of OpenTelemetry's own SDK and ours in one trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from axonize import guard, opentelemetry, patching
from axonize.opentelemetry import OPENTELEMETRY
from axonize.speed import RingBuffer, Span, configure


class Theirs:
    """A host that uses OpenTelemetry."""

    def __init__(self, **settings: Any) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(**settings)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.span = provider.get_tracer("host").start_as_current_span

    def ended(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}


def span_id(span: Any) -> str:
    return f"{span.get_span_context().span_id:016x}"


def parent_id(span: ReadableSpan) -> str:
    return f"{span.parent.span_id:016x}" if span.parent else ""


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(OPENTELEMETRY)
    yield
    patching.uninstall(OPENTELEMETRY)


def test_our_root_lies_below_their_current_span() -> None:
    with Theirs().span("request") as request, Span("generate") as generate:
        child = Span("prefill")
    assert generate.parent_span_id == span_id(request)
    assert generate.trace_id == f"{request.get_span_context().trace_id:032x}"
    assert child.parent_span_id == generate.span_id
    assert Span("later").parent_span_id == ""


def test_their_span_lies_below_our_current_span() -> None:
    theirs = Theirs()
    with Span("generate") as generate, theirs.span("callback"):
        pass
    assert parent_id(theirs.ended()["callback"]) == generate.span_id


def test_spans_of_both_take_turns() -> None:
    theirs = Theirs()
    with theirs.span("1"), Span("2") as second, theirs.span("3") as third:
        assert trace.get_current_span() is third
        with Span("4") as fourth:
            # What is sent to our server keeps its own parent there, whoever else is between.
            assert fourth.parent_span_id == second.span_id
            with theirs.span("5"):
                pass
        assert trace.get_current_span() is third
    ended = theirs.ended()
    assert parent_id(ended["3"]) == second.span_id
    assert parent_id(ended["5"]) == fourth.span_id


def test_outside_of_spans_nothing_is_current() -> None:
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_context_that_is_named_is_used() -> None:
    theirs = Theirs()
    remote = propagate.extract({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
    with Span("generate"), theirs.span("server", context=remote):
        pass
    assert parent_id(theirs.ended()["server"]) == "2" * 16


def test_a_remote_caller_is_a_parent_for_our_roots() -> None:
    caller = propagate.extract({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "tracestate": "v=1"})
    from opentelemetry import context

    token = context.attach(caller)
    try:
        with Span("generate") as generate:
            assert span_id(trace.get_current_span()) == generate.span_id
    finally:
        context.detach(token)
    assert (generate.trace_id, generate.parent_span_id) == ("1" * 32, "2" * 16)
    assert generate.trace_state == "v=1"


def test_their_propagators_send_our_current_span() -> None:
    carrier: dict[str, str] = {}
    with Span("generate") as generate:
        propagate.inject(carrier)
    assert carrier == {"traceparent": f"00-{generate.trace_id}-{generate.span_id}-01"}


def test_what_is_said_of_the_current_span_is_said_of_ours() -> None:
    with Span("generate") as generate:
        seen = trace.get_current_span()
        assert seen.is_recording()
        seen.set_attribute("user", "me")
        seen.set_attributes({"plan": "free"})
        seen.add_event("cached", {"hits": 1}, 7)
        seen.add_link(trace.SpanContext(1, 2, is_remote=True))
        seen.add_link(trace.INVALID_SPAN_CONTEXT)
        seen.update_name("renamed")
        seen.record_exception(ValueError("too long"))
        seen.set_status(trace.Status(trace.StatusCode.ERROR, "refused"))
        seen.set_status(trace.StatusCode.UNSET)
        seen.end()
        assert not generate.ended
    assert not seen.is_recording()
    assert generate.name == "renamed"
    assert generate.attributes == {"user": "me", "plan": "free"}
    cached, raised = generate.events
    assert (cached, raised[0]) == (("cached", 7, {"hits": 1}), "exception")
    [(link, _)] = generate.links
    assert (link.trace_id, link.span_id) == (f"{1:032x}", f"{2:016x}")
    assert (generate.status, generate.status_message) == ("error", "refused")


@pytest.mark.parametrize(
    ("sampler", "kept"), [(ParentBased(ALWAYS_OFF), False), (TraceIdRatioBased(1.0), True)]
)
def test_the_host_samples_as_if_ours_were_not_there(sampler: Any, kept: bool) -> None:
    theirs = Theirs(sampler=sampler)
    with Span("generate"), theirs.span("callback"):
        pass
    assert ("callback" in theirs.ended()) is kept


def test_a_trace_that_we_do_not_sample_leaves_theirs_alone() -> None:
    configure(RingBuffer(10), sampling_bound=0)
    try:
        theirs = Theirs()
        with Span("generate") as generate, theirs.span("callback"):
            pass
    finally:
        configure(None)
    assert generate.trace_flags == 0
    assert parent_id(theirs.ended()["callback"]) == generate.span_id


def test_below_one_of_theirs_its_decision_holds() -> None:
    theirs = Theirs(sampler=ParentBased(ALWAYS_OFF))
    kept = Theirs()
    with kept.span("kept"), Span("generate"), theirs.span("follows"):
        pass
    assert "follows" in theirs.ended()


def test_uninstalled_neither_sees_the_other() -> None:
    patching.uninstall(OPENTELEMETRY)
    theirs = Theirs()
    with theirs.span("request"), Span("generate") as generate, theirs.span("callback"):
        assert generate.parent_span_id == ""
    assert parent_id(theirs.ended()["callback"]) == span_id(theirs.ended()["request"])


def test_a_broken_bridge_leaves_theirs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> None:
        raise AttributeError("not in this version")

    guard.set_strict(False)
    monkeypatch.setattr(opentelemetry, "_shown_type", breaks)
    monkeypatch.setattr(opentelemetry, "_identity", breaks)
    theirs = Theirs()
    with theirs.span("request") as request, Span("generate"), theirs.span("callback"):
        pass
    assert parent_id(theirs.ended()["callback"]) == span_id(request)
