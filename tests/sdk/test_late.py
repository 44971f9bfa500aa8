"""Spans that end when something about them is known."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from axonize import guard, late, pipeline
from axonize.speed import Span
from axonize.testing import CapturedSpans


class Told:
    """A fact that is known when it is said to be."""

    def __init__(self, *, known: bool = False) -> None:
        self.known = known

    def ready(self) -> bool:
        return self.known

    def tell(self, span: Span) -> None:
        span.set_attribute("told", True)


@pytest.fixture(autouse=True)
def _leaves_none(captured_spans: CapturedSpans) -> Iterator[None]:
    yield
    late.give_up()


def told(captured: CapturedSpans) -> list[tuple[str, Any]]:
    return [(span.name, span.attributes.get("told")) for span in captured.spans]


def test_a_span_ends_when_it_is_known_as_of_when_it_was_over(
    captured_spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("axonize.testing.PATIENCE_S", 0.0)
    span, fact = Span("call"), Told()
    late.end_when_known(span, fact)
    later = Span("later")
    assert late.settle() == 0
    assert told(captured_spans) == []
    fact.known = True
    assert late.settle() == 1
    assert told(captured_spans) == [("call", True)]
    assert span.start_ns < span.end_ns < later.start_ns


def test_each_ends_by_itself(captured_spans: CapturedSpans) -> None:
    slow, fast = Told(), Told(known=True)
    late.end_when_known(Span("slow"), slow)
    late.end_when_known(Span("fast"), fast)
    assert late.settle() == 1
    slow.known = True
    assert told(captured_spans) == [("fast", True), ("slow", True)]


def test_waiting_ends_with_the_last_or_with_the_time(captured_spans: CapturedSpans) -> None:
    fact = Told()
    late.end_when_known(Span("call"), fact)
    assert not late.settle_within(0.01)
    timer = threading.Timer(0.02, setattr, (fact, "known", True))
    timer.start()
    assert late.settle_within(120)
    timer.join()
    assert told(captured_spans) == [("call", True)]


def test_what_is_never_known_is_given_up(
    captured_spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    late.end_when_known(Span("at the exit"), Told())
    late.give_up()
    monkeypatch.setattr(late, "PATIENCE_S", 0.0)
    late.end_when_known(Span("hangs"), Told())
    assert late.settle() == 1
    assert told(captured_spans) == [("at the exit", None), ("hangs", None)]


def test_at_most_so_many_wait(
    captured_spans: CapturedSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "CAPACITY", 1)
    fact = Told()
    late.end_when_known(Span("waits"), fact)
    late.end_when_known(Span("too many"), Told())
    fact.known = True
    assert told(captured_spans) == [("too many", None), ("waits", True)]


def test_a_broken_fact_loses_no_span(captured_spans: CapturedSpans) -> None:
    class Broken(Told):
        def tell(self, span: Span) -> None:
            raise LookupError("broken on purpose")

    guard.set_strict(False)
    late.end_when_known(Span("call"), Broken(known=True))
    assert late.settle() == 1
    assert told(captured_spans) == [("call", None)]


def test_somebody_is_asked_to_look_after_them() -> None:
    asked: list[float] = []
    pipeline.let_hurry(asked.append)
    try:
        late.end_when_known(Span("call"), Told())
    finally:
        pipeline.let_hurry(None)
    assert asked == [late.SENT_WITHIN_S]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_leaves_them_to_its_parent(captured_spans: CapturedSpans) -> None:
    fact = Told()
    late.end_when_known(Span("call"), fact)
    child = os.fork()
    if not child:
        os._exit(0 if late.settle_within(0.0) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    fact.known = True
    assert told(captured_spans) == [("call", True)]
