"""What is recorded in rare cases, for both versions of the span."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from axonize.guard import guarded

if TYPE_CHECKING:
    from axonize.spans import Span


describe_gpu: Callable[[int, str], Mapping[str, Any]] | None = None
"""Returns the attributes gpu.N.* for N and a label; set while GPUs are profiled."""
start_profiler: Callable[[], object] | None = None
"""Starts to read the GPUs; set while GPUs are profiled."""


@guarded
def set_gpus(span: Span, labels: Iterable[str]) -> None:
    """Set the attributes gpu.N.* of each GPU: its label, and what the profiler knows of it."""
    for index, label in enumerate(labels):
        span.set_attribute(f"gpu.{index}.label", label)
        if describe_gpu is not None:
            span.set_attributes(describe_gpu(index, label))


@guarded
def profile_gpus() -> None:
    """Have the GPUs read from now on, for a process that works on them without naming them."""
    if start_profiler is not None:
        start_profiler()


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
