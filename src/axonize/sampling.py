"""Which traces are kept: a share by trace id, and those with an error or a slow span."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from axonize.speed import Span

KEEP, LOSE, GIVE_UP = "keep", "lose", "give up"


class Pending(Protocol):
    """Takes the ended spans of one local trace."""

    def ended(self, span: Span) -> object:
        """Take an ended span of this trace."""


def head_bound(rate: float) -> int:
    """Return the bound under which the low 64 bits of a sampled trace's id lie."""
    return round(rate * 2**64)


class Sampler:
    """Decides on the traces that their id did not select, when more of them is known.

    A trace is decided as a whole: kept as soon as one of its spans ends with an error or slow,
    lost when its local root ends without either; spans that end later follow the decision. At most
    `capacity` ended spans wait for decisions; a trace that would exceed that is given up.
    """

    def __init__(
        self,
        push: Callable[[Span], object],
        *,
        errors: bool,
        slow_ns: float | None,
        capacity: int,
    ) -> None:
        self._push = push
        self._errors = errors
        self._slow_ns = float("inf") if slow_ns is None else slow_ns
        self._capacity = capacity
        self._waiting = 0
        self.given_up = 0
        # Reentrant: the garbage collector may end a span of another trace while it is held.
        self._lock = threading.RLock()

    def begin(self, root: Span) -> Pending:
        """Begin a trace that its id did not select."""
        return PendingTrace(self, root.span_id)

    def is_worth_keeping(self, span: Span) -> bool:
        """Tell whether the span alone is a reason to keep its trace."""
        if self._errors and span.status == "error":
            return True
        return span.end_ns - span.start_ns >= self._slow_ns

    def take(self, trace: PendingTrace, span: Span) -> None:
        """Let a span wait, or send it or lose it with its trace."""
        with self._lock:
            if trace.decision is None:
                trace.spans.append(span)
                self._waiting += 1
                trace.decision = self._decide(trace, span)
                ready = self._release(trace) if trace.decision is not None else []
            else:
                ready = [span]
            if trace.decision == GIVE_UP:
                self.given_up += len(ready)
        if trace.decision == KEEP:
            for each in ready:
                self._push(each)

    def forget(self, trace: PendingTrace) -> None:
        """Free the room of a trace whose root was never ended."""
        with self._lock:
            self._release(trace)

    def _decide(self, trace: PendingTrace, span: Span) -> str | None:
        if self.is_worth_keeping(span):
            return KEEP
        if span.span_id == trace.root_id:
            return LOSE
        return GIVE_UP if self._waiting > self._capacity else None

    def _release(self, trace: PendingTrace) -> list[Span]:
        spans, trace.spans = trace.spans, []
        self._waiting -= len(spans)
        return spans


class PendingTrace:
    """The ended spans of a local trace that wait for a decision."""

    __slots__ = ("_sampler", "decision", "root_id", "spans")

    def __init__(self, sampler: Sampler, root_id: str) -> None:
        self._sampler = sampler
        self.root_id = root_id
        self.decision: str | None = None
        self.spans: list[Span] = []

    def ended(self, span: Span) -> None:
        """Take an ended span of this trace."""
        self._sampler.take(self, span)

    def __del__(self) -> None:
        if self.spans:
            self._sampler.forget(self)
