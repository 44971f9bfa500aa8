"""The request's span and its totals, carried between front end and engine in vLLM's trace headers.

Both directions use one key of a mapping that vLLM hands through for tracers, and both take it
out again on arrival: the mapping is then as vLLM made it.
"""

from __future__ import annotations

from typing import Any

import msgspec  # vLLM's own, ten times as fast as json

from axonize.context import SpanContext
from axonize.propagation import TRACEPARENT, extract, inject
from axonize.speed import Span

REQUEST_SPAN = "axonize-traceparent"
RIDE = "axonize-ride"


def send_span(request: Any, span: Span) -> None:
    """Name the request's span to the engine."""
    _put(request, REQUEST_SPAN, inject(span)[TRACEPARENT])


def receive_span(request: Any) -> SpanContext | None:
    """Take the request's span from a request that came to the engine."""
    value = _take(request, REQUEST_SPAN)
    return extract({TRACEPARENT: value}) if value else None


def send_ride(output: Any, ride: dict[str, Any]) -> None:
    """Give the front end what the engine knows of a request, with its last output."""
    _put(output, RIDE, msgspec.json.encode(ride).decode())


def receive_ride(output: Any) -> dict[str, Any] | None:
    """Take what the engine told of a request from its output."""
    value = _take(output, RIDE)
    ride: dict[str, Any] | None = msgspec.json.decode(value) if value else None
    return ride


def _put(carrier: Any, key: str, value: str) -> None:
    # A new mapping, for vLLM shares one between the requests of a call.
    carrier.trace_headers = {**(carrier.trace_headers or {}), key: value}


def _take(carrier: Any, key: str) -> str | None:
    headers = carrier.trace_headers
    if not headers or key not in headers:
        return None
    left = {name: value for name, value in headers.items() if name != key}
    carrier.trace_headers = left or None
    return str(headers[key])
