"""Spans that are told something after their end, such as how long a device worked for them.

A device is never waited for: its spans are kept here until they can be told, which is tried before
spans are sent.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from time import monotonic, sleep
from typing import NamedTuple, Protocol

from axonize import deferred
from axonize.guard import guarded
from axonize.pipeline import send_within
from axonize.recording import leave_work
from axonize.speed import Span

CAPACITY = 10_000
PATIENCE_S = 60.0
UNREADY = 64  # looked at in one go: devices work in turn, so what follows is hardly ready
POLL_S = 0.001
SENT_WITHIN_S = 1.0


class Fact(Protocol):
    """Something about a span that is known later."""

    def ready(self) -> bool:
        """Say, without waiting, whether it is known."""

    def tell(self, span: Span) -> None:
        """Set it on the span."""


class _Waiting(NamedTuple):
    span: Span
    end_ns: int
    fact: Fact
    until: float  # monotonic s


_waiting: deque[_Waiting] = deque()
_inherited: list[deque[_Waiting]] = []  # never freed: a forked child must not touch a device
_settling = threading.Lock()


@guarded
def end_when_known(span: Span, fact: Fact) -> None:
    """End the span as of now once the fact is known, or without it after a minute."""
    leave_work(span)
    end_ns = Span("", parent=span).start_ns  # the time on the clock of spans; it never ends
    if _is_abandoned():
        settle()
    if len(_waiting) >= CAPACITY:
        span.end(end_ns)
        return
    _waiting.append(_Waiting(span, end_ns, fact, monotonic() + PATIENCE_S))
    send_within(SENT_WITHIN_S)


def _is_abandoned() -> bool:
    """Say whether nobody settles, as after a shutdown."""
    with suppress(IndexError):  # another thread looks at the only one
        return monotonic() >= _waiting[0].until
    return False


def settle() -> int:
    """End the spans whose facts are known by now; return how many."""
    if not _waiting or not _settling.acquire(blocking=False):
        return 0
    try:
        return _settle()
    finally:
        _settling.release()


def settle_within(seconds: float) -> bool:
    """Wait for this long at most until none is left; say whether that is so."""
    deferred.do_all()
    give_up = monotonic() + seconds
    while _waiting:
        settle()
        if _waiting and monotonic() >= give_up:
            return False
        if _waiting:
            sleep(POLL_S)
    return True


def give_up() -> None:
    """End all that wait, without what is not known."""
    deferred.do_all()
    settle()
    while _waiting:
        waiting = _waiting.popleft()
        waiting.span.end(waiting.end_ns)


def forget() -> None:
    """In a forked child: leave to the parent what is the parent's."""
    global _waiting, _settling
    deferred.forget()
    _inherited.append(_waiting)
    _waiting, _settling = deque(), threading.Lock()


def _settle() -> int:
    ended = unready = 0
    for _ in range(len(_waiting)):
        waiting = _waiting.popleft()
        if _is_over(waiting):
            waiting.span.end(waiting.end_ns)
            ended += 1
            continue
        _waiting.append(waiting)
        unready += 1
        if unready == UNREADY:
            break
    return ended


def _is_over(waiting: _Waiting) -> bool:
    """Tell the span if its fact is known; false while there is something to wait for."""
    over = True
    with guarded:
        if waiting.fact.ready():
            waiting.fact.tell(waiting.span)
        else:
            over = monotonic() >= waiting.until
    return over
