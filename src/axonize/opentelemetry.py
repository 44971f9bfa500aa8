"""OpenTelemetry in the host: our root spans lie below its current span, and it sees ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from axonize.context import SpanContext
from axonize.guard import guarded
from axonize.patching import Integration, Patch
from axonize.spans import Status
from axonize.speed import Span, current_span, set_root_parent


def current(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a get_current_span that tells our span where that is the inner one."""

    def get_current_span(context: Any = None) -> Any:
        theirs, ours = original(context), current_span.get()
        if ours is None or context is not None:
            return theirs
        return _inner(theirs, ours) or theirs

    return get_current_span


def joined(original: Callable[..., Any]) -> Callable[..., Any]:
    """Do as `current`, and let our root spans lie below what the original tells."""
    set_root_parent(partial(_identity_of, original))
    return current(original)


def theirs_alone(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a get_current_span for samplers, which decide as if our spans were not there."""

    def get_current_span(context: Any = None) -> Any:
        span = original(context)
        return getattr(span, "_axonize_theirs", span)

    return get_current_span


@guarded
def _inner(theirs: Any, ours: Span) -> Any:
    """Return our span as OpenTelemetry sees spans, or None where theirs began later.

    One of theirs that is an identity alone, such as a remote caller, was there before.
    """
    began = getattr(theirs, "start_time", None) or 0
    return _shown_type()(ours, theirs) if began <= ours.start_ns else None


def _identity_of(get_current_span: Callable[[], Any]) -> SpanContext | None:
    return _identity(get_current_span().get_span_context())


def _identity(context: Any) -> SpanContext | None:
    if not context.is_valid:
        return None
    return SpanContext(
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        int(context.trace_flags),
        context.trace_state.to_header(),
    )


@cache
def _shown_type() -> Any:
    """Define the class of our spans as OpenTelemetry sees them; it is imported by now."""
    from opentelemetry import trace

    statuses: dict[Any, Status] = {trace.StatusCode.OK: "ok", trace.StatusCode.ERROR: "error"}

    class Shown(trace.NonRecordingSpan):  # type: ignore[misc]
        """One of our spans: what the host says of its current span is said of it.

        It is ended by those who began it, and not by the host.
        """

        def __init__(self, ours: Span, theirs: Any) -> None:
            super().__init__(
                trace.SpanContext(
                    int(ours.trace_id, 16),
                    int(ours.span_id, 16),
                    is_remote=False,
                    trace_flags=trace.TraceFlags(ours.trace_flags),
                    trace_state=trace.TraceState.from_header([ours.trace_state]),
                )
            )
            self._axonize_ours = ours
            self._axonize_theirs = theirs
            self.start_time = ours.start_ns
            self.set_attribute = ours.set_attribute
            self.set_attributes = ours.set_attributes
            self.add_event = ours.add_event

        def is_recording(self) -> bool:
            return not self._axonize_ours.ended

        @guarded
        def add_link(self, context: Any, attributes: Mapping[str, Any] | None = None) -> None:
            other = _identity(context)
            if other is not None:
                self._axonize_ours.add_link(other, attributes)

        @guarded
        def update_name(self, name: str) -> None:
            self._axonize_ours.name = name

        @guarded
        def set_status(self, status: Any, description: str | None = None) -> None:
            code = getattr(status, "status_code", status)
            if code in statuses:
                message = getattr(status, "description", None) or description or ""
                self._axonize_ours.set_status(statuses[code], message)

        @guarded
        def record_exception(self, exception: BaseException, *_: Any, **__: Any) -> None:
            self._axonize_ours.record_exception(exception)

    return Shown


OPENTELEMETRY = Integration(
    name="opentelemetry",
    requires="opentelemetry-api>=1.20",
    patches=(
        Patch("opentelemetry.trace", "get_current_span", joined, kind="closure"),
        Patch("opentelemetry.trace.propagation", "get_current_span", current, kind="closure"),
        Patch("opentelemetry.sdk.trace.sampling", "get_current_span", theirs_alone, kind="closure"),
    ),
    undo=partial(set_root_parent, None),
)
