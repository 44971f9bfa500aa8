from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from axonize import guard, pipeline
from axonize.spans import SpanContext


class Decision:
    """Stands for the decision about one trace."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.spans: list[Any] = []

    def ended(self, span: Any) -> None:
        self.spans.append(span)


def test_an_unsampled_trace_is_pending_as_a_whole(core: Any) -> None:
    core.set_test_source(None, iter([2**64 + 4, 1, 2, 3, 4, 5, 6]).__next__)
    buffer, decisions = core.RingBuffer(10), []

    def pending(root: Any) -> Decision:
        decisions.append(Decision(root))
        return decisions[-1]

    core.configure(buffer, sampling_bound=4, pending=pending)
    with core.Span("unsampled") as unsampled, core.Span("child") as child:
        assert (unsampled.trace_flags, child.trace_flags) == (0, 0)
    with core.Span("sampled") as sampled:
        assert sampled.trace_flags == 1
    remote = SpanContext("f" * 32, "1" * 16)
    with core.Span("remote", parent=remote) as joined:
        pass
    assert [(d.root, d.spans) for d in decisions] == [
        (unsampled, [child, unsampled]),
        (joined, [joined]),
    ]
    assert buffer.drain(10) == [sampled]


def test_unsampled_spans_are_lost_when_nobody_decides(core: Any) -> None:
    buffer = core.RingBuffer(10)
    core.configure(buffer, sampling_bound=0)
    with core.Span("x"), core.Span("y"):
        pass
    assert (len(buffer), buffer.dropped) == (0, 0)
    core.configure(buffer, sampling_bound=0, pending=lambda root: None)
    with core.Span("sampled after all"):
        pass
    assert len(buffer) == 1


def test_wake_is_called_when_enough_spans_wait(core: Any) -> None:
    buffer, lengths = core.RingBuffer(10), []
    core.configure(buffer, wake_at=3, wake=lambda: lengths.append(len(buffer)))
    for _ in range(5):
        core.Span("x").end()
    buffer.drain(10)
    for _ in range(12):
        core.Span("x").end()
    assert (lengths, buffer.dropped) == ([3, 3], 2)


def test_errors_where_spans_go_stay_with_us(core: Any) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError("broken")

    guard.set_strict(False)
    buffer = core.RingBuffer(10)
    core.configure(buffer, sampling_bound=0, pending=fail, wake_at=1, wake=fail)
    with core.Span("kept") as kept:
        pass
    core.configure(None, sampling_bound=0, pending=lambda _: SimpleNamespace(ended=fail))
    with core.Span("lost"):
        pass
    assert buffer.drain(10) == [kept]


def test_who_hurries_reaches_whoever_sends() -> None:
    asked: list[float] = []
    pipeline.send_within(1)
    pipeline.let_hurry(asked.append)
    try:
        pipeline.send_within(0.5)
    finally:
        pipeline.let_hurry(None)
    assert asked == [0.5]


def test_only_a_ring_buffer_will_do(core: Any) -> None:
    with pytest.raises(TypeError, match="buffer must be a RingBuffer or None"):
        core.configure([])


def test_without_a_buffer_spans_go_nowhere(core: Any, buffer: Any) -> None:
    core.configure(None)
    with core.Span("x") as span:
        pass
    assert (span.ended, len(buffer)) == (True, 0)
