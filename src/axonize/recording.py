"""What is recorded in rare cases, for both versions of the span."""

from __future__ import annotations

import time
import traceback
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from axonize.guard import guarded

if TYPE_CHECKING:
    from axonize.spans import Span


class Meter(Protocol):
    """Charges the energy of GPUs to the steps of an engine."""

    source: str
    """How the energy is had: "counter", "power", or "estimated"."""

    @property
    def usd_per_hour(self) -> float | None:
        """What the GPUs cost together; None without a price for each."""

    @property
    def idle_uj(self) -> int:
        """What they used up to the end of the last step, and no step was charged, in uJ."""

    @property
    def parts(self) -> Mapping[str, float]:
        """The UUIDs of the GPUs and instances, each with its part of a card; empty until found.

        The part of an instance that does not say is 0.
        """

    def charge(self, begin_ns: int, end_ns: int) -> int | None:
        """Return the uJ of a step (monotonic ns), None when unknown; steps come as they end."""


class Work(Protocol):
    """What a span has to do with GPUs until it ends; its children have it, too."""

    def ended(self, span: Span) -> None:
        """Take the span, which can still be written to; only the first call counts."""

    def inner(self) -> Work:
        """Return what a span inside has that is not a child."""


class Claim(NamedTuple):
    """The GPUs of an engine that keeps account of them by itself, and since when, monotonic ns."""

    labels: Sequence[str]
    since: int


describe_gpu: Callable[[int, str], Mapping[str, Any]] | None = None
"""Returns gpu.N.*, with the label, for N and a label; set while GPUs are profiled."""
meter_gpu: Callable[[Sequence[str]], Meter] | None = None
"""Returns a meter of the GPUs of some labels; set while GPUs are profiled."""
begin_work: Callable[[Span, Sequence[str]], None] | None = None
"""Has a span occupy GPUs from now to its end; set while spans are recorded."""
hold_gpus: Callable[[Span, Sequence[str]], None] | None = None
"""Has this process hold GPUs since a span began, which does not occupy them; set as above."""
make_way: Callable[[], None] | None = None
"""Has the calls of this process leave the GPUs that were claimed; set as above."""
engine_gpus: tuple[str, ...] = ()
"""Labels of the GPUs that the engine in this process works on; empty where it knows by itself."""
claims: weakref.WeakKeyDictionary[object, Claim] = weakref.WeakKeyDictionary()
"""What the engines of this process have claimed."""
has_claims = False
"""Whether any has; asked at every call, which a weak dictionary would make dear."""


@guarded
def set_gpus(span: Span, labels: Iterable[str]) -> None:
    """Name the GPUs that a span works on from now on, and have it occupy them until it ends."""
    named = tuple(labels)
    _name_gpus(span, named)
    if named and begin_work is not None:
        begin_work(span, named)


@guarded
def load_gpus(span: Span, labels: Sequence[str]) -> None:
    """Name the GPUs that a span has loaded a model onto: from its start on they wait for work."""
    name_gpus(span, labels)
    if labels and hold_gpus is not None:
        hold_gpus(span, labels)


@guarded
def claim_gpus(engine: object, labels: Sequence[str]) -> None:
    """Leave these GPUs to an engine, until release_gpus() or until it is no more."""
    global has_claims
    if labels:
        has_claims = True
        claims[engine] = Claim(labels, time.monotonic_ns())
        if make_way is not None:  # at once: the engine may be gone when calls are looked at next
            make_way()


@guarded
def release_gpus(engine: object) -> None:
    """Let calls have the engine's GPUs again."""
    claims.pop(engine, None)


@guarded
def join_work(span: Span, other: Span) -> None:
    """Have a span in another trace, which does the same work, occupy nothing beside it."""
    if other._work is not None:
        span._begin_work(other._work.inner())


@guarded
def leave_work(span: Span) -> None:
    """Have a span that is told more before it ends occupy its GPUs no longer."""
    if span._works and span._work is not None:
        span._work.ended(span)


@guarded
def name_gpus(span: Span, labels: Iterable[str]) -> None:
    """Set the attributes gpu.N.* of each GPU: its label, and what the profiler knows of it."""
    _name_gpus(span, labels)


def _name_gpus(span: Span, labels: Iterable[str]) -> None:
    for index, label in enumerate(labels):
        if describe_gpu is None:
            span.set_attribute(f"gpu.{index}.label", label)
        else:
            span.set_attributes(describe_gpu(index, label))


@guarded
def meter_gpus(labels: Sequence[str]) -> Meter | None:
    """Have GPUs read from now on, and return what tells their energy; None when none are read."""
    return None if meter_gpu is None else meter_gpu(labels)


@guarded
def record_failure(span: Span, error: BaseException) -> None:
    """Record that a block was left by this exception, unless that is no failure."""
    if isinstance(error, (GeneratorExit, SystemExit)):
        return
    span.set_attribute("error.type", type_name(error))
    span.set_status("error", f"{type(error).__name__}: {error}")
    span.record_exception(error)


def type_name(error: BaseException) -> str:
    """Return the qualified name of the exception's type, without "builtins."."""
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


@guarded
def record_exception(span: Span, error: BaseException) -> None:
    """Add OpenTelemetry's "exception" event."""
    attributes = {
        "exception.type": type_name(error),
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(error)),
    }
    span.add_event("exception", attributes)
