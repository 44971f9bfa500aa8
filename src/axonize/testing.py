"""For tests of programs that use Axonize: the spans that were recorded, with fixed times and ids.

Installing Axonize registers this as a pytest plugin; it does nothing until a test asks for the
fixture `captured_spans`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from axonize import guard, late, llm, semconv
from axonize.speed import RingBuffer, Span, configure, current_span, set_test_source

CAPACITY = 100_000
BEGIN_NS = 1_700_000_000_000_000_000
PATIENCE_S = 1.0
TICK_NS = 1_000_000  # each look at the clock finds it one millisecond later


class CapturedSpans:
    """The spans that ended while they were captured."""

    def __init__(self, buffer: RingBuffer) -> None:
        self._buffer = buffer
        self._spans: list[Span] = []

    @property
    def spans(self) -> list[Span]:
        """All of them, in the order in which they ended; waits a second for devices at work."""
        late.settle_within(PATIENCE_S)
        self._spans += self._buffer.drain(CAPACITY)
        return self._spans

    def tree(self) -> list[dict[str, Any]]:
        """Show them as span_tree() does."""
        return span_tree(self.spans)

    def clear(self) -> None:
        """Forget what was captured until now."""
        self._buffer.clear()
        self._spans = []


@contextmanager
def capture_spans() -> Iterator[CapturedSpans]:
    """Capture every span that ends in the block, from all threads, instead of sending it.

    Times and ids are counted, so that they are the same in every run, and internal errors of
    Axonize are raised. Afterwards everything is as it was.
    """
    buffer = RingBuffer(CAPACITY)
    was_strict, was_current = guard.strict, current_span.get()
    clock = _count(BEGIN_NS, TICK_NS)
    guard.set_strict(True)
    set_test_source(clock, _count(1, 1))
    llm.set_test_clock(clock)
    current_span.set(None)
    configure(buffer)
    try:
        yield CapturedSpans(buffer)
    finally:
        _reconnect()
        current_span.set(was_current)
        llm.set_test_clock(None)
        set_test_source(None, None)
        guard.set_strict(was_strict)


def span_tree(spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Show spans as nested dicts without times and ids, for comparison with what is expected.

    Roots and children are in the order of their start. Entries that say nothing are left out:
    kind "internal", status "unset", no attributes, events, links or children. Of an exception's
    event the stack trace is left out.
    """
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.span_id))
    nodes = {span.span_id: _show(span) for span in ordered}
    roots: list[dict[str, Any]] = []
    for span in ordered:
        parent = nodes.get(span.parent_span_id)
        siblings = roots if parent is None else parent.setdefault("children", [])
        siblings.append(nodes[span.span_id])
    return roots


def _show(span: Span) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": span.name}
    if span.kind != "internal":
        shown["kind"] = span.kind
    if span.status != "unset":
        shown["status"] = (span.status, span.status_message) if span.status_message else span.status
    if attributes := span.attributes:
        shown["attributes"] = attributes
    if events := span.events:
        shown["events"] = [(name, _without_stack(values)) for name, _, values in events]
    if links := span.links:
        shown["links"] = [(context.trace_id, context.span_id) for context, _ in links]
    return shown


def _without_stack(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in attributes.items() if name != semconv.EXCEPTION_STACKTRACE
    }


def _count(start: int, step: int) -> Callable[[], int]:
    return itertools.count(start, step).__next__


def _reconnect() -> None:
    from axonize import lifecycle

    lifecycle.reconnect()


try:
    import pytest
except ImportError:
    pass
else:

    @pytest.fixture
    def captured_spans() -> Iterator[CapturedSpans]:
        """Capture the spans of this test."""
        with capture_spans() as captured:
            yield captured
