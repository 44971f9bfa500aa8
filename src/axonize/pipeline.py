"""Where ended spans go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from axonize.buffer import RingBuffer
from axonize.guard import guarded

if TYPE_CHECKING:
    from axonize.spans import Span

EVERY_TRACE = 2**64


class Pending(Protocol):
    """A local trace whose sampling is decided when its spans have ended."""

    def ended(self, span: Span) -> object:
        """Take an ended span of this trace."""


class Unsampled:
    """Where the spans of a trace go that is not sampled when nobody decides later."""

    def ended(self, span: Span) -> None:
        """Forget the span."""


def _lose(span: Span) -> None:
    """Take an ended span when there is no buffer."""


# What every span reads at its beginning and calls at its end; bound is None for EVERY_TRACE.
bound: int | None = None
deliver: Callable[[Span], None] = _lose

_send_within: Callable[[float], object] | None = None
_make_pending: Callable[[Span], Pending | None] | None = None
_wake: Callable[[], object] | None = None


def configure(
    buffer: RingBuffer | None,
    *,
    sampling_bound: int = EVERY_TRACE,
    pending: Callable[[Span], Pending | None] | None = None,
    wake_at: int = 0,
    wake: Callable[[], object] | None = None,
) -> None:
    """Say where ended spans go: nowhere when the buffer is None.

    A trace whose id has low 64 bits >= sampling_bound is not sampled: pending(local root) makes
    the object whose ended(span) takes the spans instead of the buffer; without it they are lost.
    wake() is called each time the buffer's length reaches wake_at.
    """
    global bound, deliver, _make_pending, _wake
    if not isinstance(buffer, (RingBuffer, type(None))):
        raise TypeError("buffer must be a RingBuffer or None")
    bound, _make_pending = sampling_bound if sampling_bound < EVERY_TRACE else None, pending
    _wake = wake
    deliver = _delivery(buffer, wake_at if wake else 0) if buffer is not None else _lose


def let_hurry(send_within: Callable[[float], object] | None) -> None:
    """Say what `send_within` calls."""
    global _send_within
    _send_within = send_within


def is_sent() -> bool:
    """Say whether anything sends the spans that end."""
    return _send_within is not None


@guarded
def send_within(seconds: float) -> None:
    """Have the spans that have ended sent within this long, without waiting for it.

    For a process that may be killed while it has nothing to do.
    """
    if _send_within is not None:
        _send_within(seconds)


def _delivery(buffer: RingBuffer, wake_at: int) -> Callable[[Span], None]:
    """Return what pushes a span and wakes the worker, as fast as Python can."""
    take_place, items = buffer.places.pop, buffer.items
    append = items.append

    def deliver(span: Span) -> None:
        try:
            take_place()
        except IndexError:
            buffer.count_drop()
            return
        append(span)
        if len(items) == wake_at:
            wake_worker()

    return deliver


@guarded
def begin_pending(root: Span) -> Pending | None:
    """Return what takes the spans of a new trace that is not sampled."""
    return _make_pending(root) if _make_pending else Unsampled()


@guarded
def end_pending(pending: Pending, span: Span) -> None:
    """Hand an ended span of such a trace on."""
    pending.ended(span)


@guarded
def wake_worker() -> None:
    """Say that enough spans wait."""
    if _wake:
        _wake()
