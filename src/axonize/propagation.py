"""W3C Trace Context, in and out: https://www.w3.org/TR/trace-context/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from axonize.spans import Span, SpanContext, current_span

Headers: TypeAlias = "Mapping[str, str] | Iterable[tuple[bytes, bytes]]"

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
MOST_MEMBERS = 32  # of a tracestate

# A later version may add fields at the end, version 00 may not.
_traceparent = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    r"(?:(?<!^00.{53})-.*)?"
)
_member = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}")


def extract(headers: Headers) -> SpanContext | None:
    """Read the caller's span from headers, whose names may be in any case; None without one.

    A malformed traceparent, or two of them, is none. A malformed tracestate is dropped alone.
    """
    parents, states = [], []
    for name, value in _as_text(headers):
        if name == TRACEPARENT:
            parents.append(value.strip())
        elif name == TRACESTATE:
            states.append(value)
    match = _traceparent.fullmatch(parents[0]) if len(parents) == 1 else None
    if match is None:
        return None
    trace_id, span_id, flags = match.groups()
    return SpanContext(trace_id, span_id, int(flags, 16) & 1, _read_state(",".join(states)))


def inject(span: Span | SpanContext | None = None) -> dict[str, str]:
    """Make the headers that name the span, by default the current one, as the caller's."""
    span = span or current_span.get()
    if span is None:
        return {}
    headers = {TRACEPARENT: f"00-{span.trace_id}-{span.span_id}-{span.trace_flags & 1:02x}"}
    if span.trace_state:
        headers[TRACESTATE] = span.trace_state
    return headers


def _as_text(headers: Headers) -> Iterable[tuple[str, str]]:
    if isinstance(headers, Mapping):
        return [(name.lower(), value) for name, value in headers.items()]
    wanted = (b"traceparent", b"tracestate")
    return [
        (name.lower().decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name.lower() in wanted
    ]


def _read_state(text: str) -> str:
    members = [member for each in text.split(",") if (member := each.strip(" \t"))]
    well_formed = len(members) <= MOST_MEMBERS and all(map(_member.fullmatch, members))
    return ",".join(members) if well_formed else ""
