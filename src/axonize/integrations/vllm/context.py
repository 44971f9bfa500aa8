"""The request's span and its totals, carried between front end and engine in vLLM's trace headers.

Both directions use one key of a mapping that vLLM hands through for tracers, and both take it
out again on arrival: the mapping is then as vLLM made it.
"""

from __future__ import annotations

from typing import Any

import msgspec  # vLLM's own, ten times as fast as json

from axonize.context import SpanContext
from axonize.speed import Span

REQUEST_SPAN = "axonize-span"  # the ids of trace and span in hexadecimal and whether it is sampled
RIDE = "axonize-ride"


def send_span(request: Any, span: Span) -> None:
    """Name the request's span to the engine."""
    flag = "1" if span.trace_flags else "0"
    _put(request, REQUEST_SPAN, span.trace_id + span.span_id + flag)


def receive_span(request: Any) -> SpanContext | None:
    """Take the request's span from a request that came to the engine."""
    value = _take(request, REQUEST_SPAN)
    return SpanContext(value[:32], value[32:48], int(value[48])) if value else None


def send_ride(output: Any, ride: dict[str, Any]) -> None:
    """Give the front end what the engine knows of a request, with its last output."""
    _put(output, RIDE, msgspec.json.encode(ride).decode())


def receive_ride(output: Any) -> str | None:
    """Take what the engine told of a request from its output, for read_ride()."""
    return _take(output, RIDE)


def read_ride(told: str) -> dict[str, Any]:
    """Return what the engine told."""
    ride: dict[str, Any] = msgspec.json.decode(told)
    return ride


def _put(carrier: Any, key: str, value: str) -> None:
    # A new mapping, for vLLM shares one between the requests of a call.
    headers = carrier.trace_headers
    carrier.trace_headers = {**headers, key: value} if headers else {key: value}


def _take(carrier: Any, key: str) -> str | None:
    headers = carrier.trace_headers
    if not headers or key not in headers:
        return None
    value = str(headers[key])
    if len(headers) == 1:
        carrier.trace_headers = None
    else:
        carrier.trace_headers = {name: headers[name] for name in headers if name != key}
    return value
