"""Where ended spans go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from axonize.buffer import RingBuffer
from axonize.guard import guarded

if TYPE_CHECKING:
    from axonize.span import Span

EVERY_TRACE = 2**64


class Pending(Protocol):
    """A local trace whose sampling is decided when its spans have ended."""

    def ended(self, span: Span) -> object:
        """Take an ended span of this trace."""


class Unsampled:
    """Where the spans of a trace go that is not sampled when nobody decides later."""

    def ended(self, span: Span) -> None:
        """Forget the span."""


target: RingBuffer | None = None
bound = EVERY_TRACE
_pending: Callable[[Span], Pending | None] | None = None
_wake_at = 0
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
    global target, bound, _pending, _wake_at, _wake
    if not isinstance(buffer, (RingBuffer, type(None))):
        raise TypeError("buffer must be a RingBuffer or None")
    target, bound, _pending = buffer, sampling_bound, pending
    _wake_at, _wake = (wake_at, wake) if wake else (0, None)


def deliver(span: Span, pending: Pending | None) -> None:
    """Hand an ended span on."""
    if pending is not None:
        _end_pending(pending, span)
    elif target is not None and target.push(span) and len(target) == _wake_at:
        _wake_worker()


@guarded
def begin_pending(root: Span) -> Pending | None:
    """Return what takes the spans of a new trace that is not sampled."""
    return _pending(root) if _pending else Unsampled()


@guarded
def _end_pending(pending: Pending, span: Span) -> None:
    pending.ended(span)


@guarded
def _wake_worker() -> None:
    if _wake:
        _wake()
