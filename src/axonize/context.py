"""The identity of a span, as it travels between threads and processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from axonize.guard import guarded

if TYPE_CHECKING:
    from axonize.spans import Span


@dataclass(frozen=True, slots=True)
class SpanContext:
    """Which span of which trace, ours or a remote one, as W3C Trace Context carries it."""

    trace_id: str
    span_id: str
    trace_flags: int = 1
    trace_state: str = ""


ROOT = SpanContext("0" * 32, "0" * 16, 0)
KEPT = SpanContext("0" * 32, "0" * 16, 1)
"""Begins a new trace, as ROOT does, that is kept whatever the sampling rate: what is summed up."""


def checked_context(context: Span | SpanContext) -> SpanContext:
    """Return the identity of a span; raises ValueError when an id has not the right form."""
    trace_id, span_id = context.trace_id, context.span_id
    if (len(bytes.fromhex(trace_id)), len(bytes.fromhex(span_id))) != (16, 8):
        raise ValueError(f"not the ids of a span: {trace_id!r} {span_id!r}")
    return SpanContext(trace_id, span_id, context.trace_flags, context.trace_state)


root_parent: Callable[[], SpanContext | None] | None = None


def set_root_parent(find: Callable[[], SpanContext | None] | None) -> None:
    """Ask `find` for the parent of a span that has none, because another tool may know of one."""
    global root_parent
    root_parent = find


@guarded
def find_root_parent() -> SpanContext | None:
    """Return the parent of a span that has none here."""
    return root_parent() if root_parent else None
