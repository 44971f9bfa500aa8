"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider


def example() -> list[object]:
    """Return what the library answers, the same each time."""
    tracer = TracerProvider().get_tracer("example")
    with tracer.start_as_current_span("outer") as outer:
        with tracer.start_as_current_span("inner") as inner:
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            assert trace.get_current_span() is inner
        return [
            inner.parent.span_id == outer.context.span_id,
            carrier["traceparent"].split("-")[2] == f"{inner.context.span_id:016x}",
            trace.get_current_span() is outer,
        ]
