"""One client span for each inference that a program asks a server for, and waits for."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from axonize import semconv
from axonize.call import positions_in, signature_of
from axonize.guard import guarded
from axonize.patching import Call, Observer
from axonize.propagation import inject
from axonize.speed import Span

Function = Callable[..., Any]

GRPC_PATH = ".grpc"
# What a program may say of an inference besides, and our names for it.
DETAILS = {
    "model_version": semconv.TRITON_MODEL_VERSION,
    "request_id": semconv.TRITON_REQUEST_ID,
    "sequence_id": semconv.TRITON_SERVER_SEQUENCE_ID,
}
ASKED = 2  # what is passed by position, but for the rare: the model's name and the inputs

_servers: weakref.WeakKeyDictionary[Any, dict[str, Any]] = weakref.WeakKeyDictionary()


def connected(call: Call) -> Observer:
    """Remember where a client's server is."""
    yield
    client = call.instance
    host, _, port = call.argument("url").split("//")[-1].partition("/")[0].rpartition(":")
    numbered = bool(host) and port.isdigit()
    _servers[client] = {
        semconv.SERVER_ADDRESS: host if numbered else port,
        semconv.SERVER_PORT: int(port) if numbered else None,
        semconv.NETWORK_PROTOCOL_NAME: _protocol(client),
    }


def infer(original: Function) -> Function:
    """Return the replacement of a client's `infer`, sync or async: a span for each inference.

    Written out: between two inferences the processor's caches belong to others, and every step
    of ours takes several times as long as in a loop.
    """
    positions = positions_in(signature_of(original, bound=True))

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = _ask(self, args, kwargs, positions)
        if asked is None:
            return original(self, *args, **kwargs)
        with asked.span:
            return original(self, *asked.args, **asked.kwargs)

    async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = _ask(self, args, kwargs, positions)
        if asked is None:
            return await original(self, *args, **kwargs)
        with asked.span:
            return await original(self, *asked.args, **asked.kwargs)

    return awaited if inspect.iscoroutinefunction(original) else call


class _Asked(NamedTuple):
    """An inference that names its span to the server."""

    span: Span
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@guarded
def _ask(
    client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], positions: Mapping[str, int]
) -> _Asked:
    if len(args) > ASKED:
        call = Call(client, args, kwargs, positions)
        span = begin(call)
        call = sent(call, span)
        return _Asked(span, call.args, dict(call.kwargs))
    span = _span(client, args[0] if args else kwargs.get("model_name"), kwargs)
    name, headers, parameters = inject(span), kwargs.get("headers"), kwargs.get("parameters")
    named_in = {
        "headers": {**name, **headers} if headers else {**name},  # plugins change it
        "parameters": {**name, **parameters} if parameters else name,
    }
    return _Asked(span, args, {**kwargs, **named_in})


def begin(call: Call) -> Span:
    """Begin the span of an inference."""
    asked = {name: call.argument(name) for name in DETAILS}
    return _span(call.instance, call.argument("model_name"), asked)


def _span(client: Any, model: Any, asked: Mapping[str, Any]) -> Span:
    attributes = {**server(client), semconv.TRITON_MODEL_NAME: model}
    for name, attribute in DETAILS.items():
        if asked.get(name):
            attributes[attribute] = asked[name]
    return Span(f"infer {model}", attributes, kind="client")


def server(client: Any) -> Mapping[str, Any]:
    """Return the attributes that say which server a client asks, and how."""
    return _servers.get(client) or {semconv.NETWORK_PROTOCOL_NAME: _protocol(client)}


def _protocol(client: Any) -> str:
    return "grpc" if GRPC_PATH in type(client).__module__ else "http"


def sent(call: Call, span: Span) -> Call:
    """Name the span to the server in headers, and in parameters, which reach the model as well."""
    return call.replace(
        headers=named(call.argument("headers"), span),
        parameters=named(call.argument("parameters"), span),
    )


def named(given: Mapping[str, Any] | None, span: Span) -> dict[str, Any]:
    """Return what the host gives and the span's name; where the host names one, that stays."""
    return {**inject(span), **(given or {})}
