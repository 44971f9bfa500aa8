"""What a line of the log belongs to: the trace of the request under way, when its sender says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from litestar.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from axonize.propagation import Headers, extract


@contextmanager
def correlated(headers: Headers) -> Iterator[None]:
    """Put trace_id and span_id of a `traceparent` among the headers on each line of the block."""
    caller = extract(headers)
    if caller is None:
        yield
        return
    with bound_contextvars(trace_id=caller.trace_id, span_id=caller.span_id):
        yield


def correlate(app: ASGIApp) -> ASGIApp:
    """Do so for every HTTP request of an application."""

    async def correlated_app(scope: Scope, receive: Receive, send: Send) -> None:
        headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
        with correlated(headers):
            await app(scope, receive, send)

    return correlated_app
