"""Records that are made when spans are sent."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from axonize import deferred, guard, pipeline
from axonize.speed import Span
from axonize.testing import CapturedSpans


@pytest.fixture
def asked() -> Iterator[list[float]]:
    """Have somebody send, and note within how long it was asked to."""
    found: list[float] = []
    pipeline.let_hurry(found.append)
    yield found
    deferred.do_all()
    pipeline.let_hurry(None)


def test_they_are_made_in_their_order_some_at_a_time(
    asked: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "TURN_S", 0.0)
    made: list[int] = []
    for number in range(3):
        deferred.do_later(lambda number=number: made.append(number))
    assert made == []
    assert deferred.do_some()
    assert made == [0]
    assert deferred.do_some()
    assert not deferred.do_some()
    assert made == [0, 1, 2]
    assert not deferred.do_some()


def test_they_are_made_at_once_where_nothing_is_sent() -> None:
    made: list[str] = []
    deferred.do_later(lambda: made.append("now"))
    assert made == ["now"]


def test_whoever_sends_begins_with_the_first_and_is_woken_by_many(asked: list[float]) -> None:
    for _ in range(deferred.WAKE_AT + 1):
        deferred.do_later(int)
    assert asked == [float("inf"), 0.0]


def test_the_oldest_of_too_many_are_made_at_once(
    asked: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "CAPACITY", 2)
    monkeypatch.setattr(deferred, "TURN_S", 0.0)
    made: list[int] = []
    for number in range(3):
        deferred.do_later(lambda number=number: made.append(number))
    assert made == [0, 1]


def test_one_that_adds_another_while_they_are_made_does_not_wait_for_itself(
    asked: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "CAPACITY", 1)
    made: list[str] = []

    def outer() -> None:
        deferred.do_later(lambda: made.append("inner"))
        made.append("outer")

    deferred.do_later(outer)
    assert made == ["outer"]
    deferred.do_all()
    assert made == ["outer", "inner"]


def test_a_broken_one_does_not_keep_the_others(asked: list[float]) -> None:
    made: list[str] = []
    guard.set_strict(False)
    deferred.do_later(lambda: {}["broken on purpose"])
    deferred.do_later(lambda: made.append("next"))
    deferred.do_all()
    assert made == ["next"]


def test_another_thread_that_makes_them_is_not_waited_for_without_patience(
    asked: list[float],
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(60)

    deferred.do_later(slow)
    thread = threading.Thread(target=deferred.do_all)
    thread.start()
    assert begun.wait(60)
    made: list[str] = []
    deferred.do_later(lambda: made.append("after"))
    deferred.do_all(patience_s=0.0)
    assert made == []
    go_on.set()
    thread.join()
    deferred.do_all()
    assert made == ["after"]


def test_captured_spans_are_all_there(asked: list[float], captured_spans: CapturedSpans) -> None:
    deferred.do_later(lambda: Span("late").end())
    assert [span.name for span in captured_spans.spans] == ["late"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_leaves_them_to_its_parent(asked: list[float]) -> None:
    made: list[str] = []
    deferred.do_later(lambda: made.append("parent"))
    child = os.fork()
    if not child:
        deferred.do_all()
        os._exit(len(made))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    deferred.do_all()
    assert made == ["parent"]
