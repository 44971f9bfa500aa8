"""What torch.compile compiles, how long it takes, why again, and where a graph breaks."""

from __future__ import annotations

import threading
from typing import Any

from axonize import semconv
from axonize.integrations.torch.settings import has_an_engine
from axonize.patching import Call, Observer
from axonize.speed import Span


class _Breaks(threading.local):
    """The graph breaks in the function that this thread compiles, each once."""

    def __init__(self) -> None:
        self.seen: dict[tuple[Any, ...], dict[str, Any]] = {}


_breaks = _Breaks()


def subgraph(call: Call) -> Observer:
    """Follow the compilation of a graph, which ends where something cannot be traced."""
    reason = call.argument("reason")
    if getattr(reason, "graph_break", False):
        place = reason.user_stack[-1] if reason.user_stack else None
        attributes = {
            semconv.TORCH_COMPILE_REASON: reason.reason,
            semconv.CODE_FILE_PATH: getattr(place, "filename", None),
            semconv.CODE_LINE_NUMBER: getattr(place, "lineno", None),
        }
        _breaks.seen[tuple(attributes.values())] = attributes
    yield


def compiled(_: Call) -> Observer:
    """Make the span of a compilation, from what torch notes of it at its end."""
    metrics = yield
    breaks, _breaks.seen = list(_breaks.seen.values()), {}
    if metrics.is_runtime or has_an_engine():
        return
    name = f"compile {metrics.co_name}" if metrics.co_name else "compile"
    span = Span(name, _attributes(metrics), start_ns=metrics.start_time_us * 1000)
    for each in breaks:
        span.add_event("graph_break", each)
    if metrics.fail_type:
        span.set_attribute(semconv.ERROR_TYPE, metrics.fail_type)
        span.set_status("error", metrics.fail_reason or "")
    span.end(metrics.end_time_us * 1000)


def _attributes(metrics: Any) -> dict[str, Any]:
    backend_s = metrics.backend_compile_time_s
    return {
        semconv.TORCH_COMPILE_ID: metrics.compile_id,
        semconv.TORCH_COMPILE_REASON: metrics.recompile_reason,
        semconv.TORCH_COMPILE_OPERATIONS: metrics.graph_op_count,
        semconv.TORCH_COMPILE_BACKEND_MS: None if backend_s is None else backend_s * 1e3,
        semconv.CODE_FILE_PATH: metrics.co_filename,
        semconv.CODE_LINE_NUMBER: metrics.co_firstlineno,
        semconv.SETUP: True,
    }
