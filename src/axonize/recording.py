"""What is recorded in rare cases, for both versions of the span."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from axonize.guard import guarded

if TYPE_CHECKING:
    from axonize.spans import Span


class Meter(Protocol):
    """Charges the energy of GPUs to the steps of an engine."""

    @property
    def source(self) -> str:
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


describe_gpu: Callable[[int, str], Mapping[str, Any]] | None = None
"""Returns the attributes gpu.N.* for N and a label; set while GPUs are profiled."""
meter_gpu: Callable[[Sequence[str]], Meter] | None = None
"""Returns a meter of the GPUs of some labels; set while GPUs are profiled."""
engine_gpus: tuple[str, ...] = ()
"""Labels of the GPUs that the engine in this process works on; empty where it knows by itself."""


@guarded
def set_gpus(span: Span, labels: Iterable[str]) -> None:
    """Set the attributes gpu.N.* of each GPU: its label, and what the profiler knows of it."""
    for index, label in enumerate(labels):
        span.set_attribute(f"gpu.{index}.label", label)
        if describe_gpu is not None:
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
