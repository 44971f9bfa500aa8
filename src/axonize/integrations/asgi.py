"""Starlette and FastAPI: one server span for each HTTP request, from its start to the last byte."""

from __future__ import annotations

import time
from asyncio import CancelledError
from collections.abc import Mapping
from typing import Any

from axonize import semconv
from axonize.patching import Call, Integration, Observer, Patch, observe
from axonize.propagation import extract
from axonize.speed import Span

# Left in the request's scope, which mounted applications share, so that they add no second span.
SPAN_KEY = "axonize.span"
TRACEPARENT = b"traceparent"
METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "QUERY")
)


def request(call: Call) -> Observer:
    """Follow one request through the application and everything mounted in it."""
    scope = call.argument("scope")
    if scope["type"] != "http" or SPAN_KEY in scope:
        return
    headers = dict(scope["headers"])
    name = scope["method"] if scope["method"] in METHODS else "HTTP"
    caller = extract(scope["headers"]) if TRACEPARENT in headers else None
    with Span(name, _request_attributes(scope, headers), kind="server", parent=caller) as span:
        scope[SPAN_KEY] = span
        exchange = _Exchange(scope, span)
        try:
            yield call.replace(
                receive=observe(call.argument("receive"), exchange.received, shape="coroutine"),
                send=observe(call.argument("send"), exchange.sent, shape="coroutine"),
            )
        except BaseException as error:
            exchange.interrupted(error)
            raise
        exchange.finished()


class _Exchange:
    """What passed between server and application for one request."""

    def __init__(self, scope: Any, span: Span) -> None:
        self.scope = scope
        self.span = span
        self.method = span.name
        self.began = time.monotonic_ns()
        self.status = 0
        self.first_byte_seen = False
        self.complete = False
        self.disconnected = False

    def received(self, _: Call) -> Observer:
        message = yield
        if message["type"] == "http.disconnect" and not self.complete:
            self.disconnected = True

    def sent(self, call: Call) -> Observer:
        message = call.argument("message", 0)
        yield
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self._body(message)

    def _body(self, message: Mapping[str, Any]) -> None:
        more = message.get("more_body", False)
        if not self.first_byte_seen and (message.get("body") or not more):
            self.first_byte_seen = True
            elapsed = (time.monotonic_ns() - self.began) / 1e6
            self.span.set_attribute(semconv.HTTP_TTFB_MS, elapsed)
        if not more:
            self.complete = True
            # Work that the application leaves for later is no part of the request. After a
            # server error the exception is still to come.
            if self.status < 500:
                self.finished()

    def interrupted(self, error: BaseException) -> None:
        """Describe a request that ended with an exception."""
        from starlette.requests import ClientDisconnect

        self.disconnected = self.disconnected or isinstance(error, ClientDisconnect)
        self._describe()
        if self.disconnected and isinstance(error, (ClientDisconnect, OSError, CancelledError)):
            self.span.end()  # what a broken connection raises is no error of the application

    def finished(self) -> None:
        """Describe the request and end its span."""
        self._describe()
        self.span.end()

    def _describe(self) -> None:
        span, route = self.span, _route(self.scope)
        span.name = f"{self.method} {route}" if route else self.method
        span.set_attribute(semconv.HTTP_ROUTE, route)
        if self.status:
            span.set_attribute(semconv.HTTP_RESPONSE_STATUS_CODE, self.status)
        if self.disconnected:
            span.set_attribute(semconv.HTTP_CLIENT_DISCONNECTED, True)
        if self.status >= 500:
            span.set_attribute(semconv.ERROR_TYPE, str(self.status))
            span.set_status("error")


def _request_attributes(scope: Any, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    address, port = _server(scope, headers)
    client = scope.get("client") or (None, None)
    return {
        semconv.HTTP_REQUEST_METHOD: scope["method"] if scope["method"] in METHODS else "_OTHER",
        semconv.URL_SCHEME: scope.get("scheme", "http"),
        semconv.URL_PATH: scope["path"],
        semconv.NETWORK_PROTOCOL_VERSION: scope.get("http_version"),
        semconv.SERVER_ADDRESS: address,
        semconv.SERVER_PORT: port,
        semconv.CLIENT_ADDRESS: client[0],
        semconv.CLIENT_PORT: client[1],
        semconv.USER_AGENT_ORIGINAL: _text(headers.get(b"user-agent")),
    }


def _server(scope: Any, headers: Mapping[bytes, bytes]) -> tuple[str | None, int | None]:
    """Return the address and port the client asked for, else those the server listens on."""
    address, port = scope.get("server") or (None, None)
    host = _text(headers.get(b"host"))
    if not host:
        return address, port
    name, colon, number = host.rpartition(":")
    if colon and number.isdigit():
        return name, int(number)
    return host, 443 if scope.get("scheme") == "https" else 80


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _route(scope: Any) -> str | None:
    """Return the path as the application declares it, with names for its variable parts."""
    route = scope.get("route")
    if route is None:
        return None
    # FastAPI 0.140 and later keep the prefix of an included router apart from its routes.
    context = scope.get("fastapi", {}).get("effective_route_context")
    declared = context if getattr(context, "original_route", None) is route else route
    # A mount has no endpoint: what it serves, such as files, has no declared paths below it.
    path = declared.path if hasattr(route, "endpoint") else ""
    return scope.get("root_path", "") + path or None


ASGI = Integration(
    name="asgi",
    requires="starlette>=0.33",
    patches=(Patch("starlette.applications", "Starlette.__call__", request, kind="rewrite"),),
)
