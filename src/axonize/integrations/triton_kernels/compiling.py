"""A span for each version of a kernel that is compiled, or loaded from Triton's cache on disk."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any

from axonize import semconv
from axonize.integrations.triton_kernels.tally import tally_of
from axonize.patching import Call, Observer
from axonize.speed import Span, current_span

_compiling: ContextVar[Span | None] = ContextVar("axonize_triton_compiling", default=None)


def compiled(call: Call) -> Observer:
    """Make the span of a compilation: what is launched is in the memory of no cache."""
    outside, began = current_span.get(), perf_counter_ns()
    with Span(f"compile {call.instance.__name__}", _asked(call)) as span:
        before = _compiling.set(span)
        try:
            kernel = yield
        finally:
            _compiling.reset(before)
        span.set_attributes(_made(kernel))
    tally_of(outside).has_compiled(began, perf_counter_ns())


def lowered(_: Call) -> Observer:
    """Say that a compilation began from the source: the cache on disk has no such kernel."""
    span = _compiling.get()
    if span is not None:
        span.set_attribute(semconv.TRITON_COMPILE_CACHED, False)
    yield


def _asked(call: Call) -> dict[str, Any]:
    function = call.instance.fn
    return {
        semconv.CODE_FILE_PATH: function.__code__.co_filename,
        semconv.CODE_LINE_NUMBER: function.__code__.co_firstlineno,
        semconv.TRITON_SIGNATURE: [f"{k}: {v}" for k, v in call.argument("signature").items()],
        semconv.TRITON_COMPILE_CACHED: True,
        semconv.SETUP: True,
    }


def _made(kernel: Any) -> dict[str, Any]:
    metadata = vars(kernel).get("metadata") if kernel is not None else None
    if metadata is None:  # compiled by another thread, which is not waited for
        return {}
    target = metadata.target
    return {
        semconv.TRITON_TARGET: f"{target.backend}:{target.arch}",
        semconv.TRITON_NUM_WARPS: metadata.num_warps,
        semconv.TRITON_NUM_STAGES: getattr(metadata, "num_stages", None),
        semconv.TRITON_SHARED_BYTES: metadata.shared,
    }
