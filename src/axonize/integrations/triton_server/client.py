"""One client span for each inference that a program asks a server for, and waits for."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from axonize import semconv
from axonize.patching import Call, Observer
from axonize.propagation import inject
from axonize.speed import Span

_addresses: weakref.WeakKeyDictionary[Any, tuple[str, int | None]] = weakref.WeakKeyDictionary()


def connected(call: Call) -> Observer:
    """Remember where a client's server is."""
    yield
    host, _, port = call.argument("url").split("//")[-1].partition("/")[0].rpartition(":")
    _addresses[call.instance] = (host, int(port)) if host and port.isdigit() else (port, None)


def infer(call: Call) -> Observer:
    """Follow one inference, sync or async."""
    with begin(call) as span:
        yield sent(call, span)


def begin(call: Call) -> Span:
    """Begin the span of an inference."""
    name, version = call.argument("model_name"), call.argument("model_version")
    attributes = {
        semconv.TRITON_MODEL_NAME: name,
        semconv.TRITON_MODEL_VERSION: version or None,
        semconv.TRITON_REQUEST_ID: call.argument("request_id") or None,
        semconv.TRITON_SERVER_SEQUENCE_ID: call.argument("sequence_id") or None,
        **server(call.instance),
    }
    return Span(f"infer {name}", attributes, kind="client")


def server(client: Any) -> dict[str, Any]:
    """Return the attributes that say which server a client asks, and how."""
    host, port = _addresses.get(client, (None, None))
    protocol = "grpc" if ".grpc" in type(client).__module__ else "http"
    return {
        semconv.SERVER_ADDRESS: host,
        semconv.SERVER_PORT: port,
        semconv.NETWORK_PROTOCOL_NAME: protocol,
    }


def sent(call: Call, span: Span) -> Call:
    """Name the span to the server in headers, and in parameters, which reach the model as well."""
    return call.replace(
        headers=named(call.argument("headers"), span),
        parameters=named(call.argument("parameters"), span),
    )


def named(given: Mapping[str, Any] | None, span: Span) -> dict[str, Any]:
    """Return what the host gives and the span's name; where the host names one, that stays."""
    return {**inject(span), **(given or {})}
