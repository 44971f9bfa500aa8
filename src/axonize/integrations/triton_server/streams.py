"""One client span for each stream: its requests are answered in any order, some many times."""

from __future__ import annotations

import time
import weakref
from collections.abc import AsyncIterator, Mapping
from typing import Any

from axonize import semconv
from axonize.guard import guarded
from axonize.integrations.triton_server.client import named, server
from axonize.patching import Call, Observer
from axonize.recording import record_failure
from axonize.speed import Span


class _Stream:
    """What passes through one stream."""

    def __init__(self, client: Any) -> None:
        self.span = Span("stream", server(client), kind="client")
        self._began = time.monotonic_ns()
        self._requests = self._responses = 0

    def request(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Note a request of the stream; return its parameters, which name the span."""
        self._requests += 1
        self.span.name = f"stream {asked['model_name']}"
        self.span.set_attribute(semconv.TRITON_MODEL_NAME, asked["model_name"])
        self.span.set_attribute(semconv.TRITON_REQUEST_ID, asked.get("request_id") or None)
        self.span.set_attribute(semconv.TRITON_SERVER_SEQUENCE_ID, asked.get("sequence_id") or None)
        self.span.set_attribute(semconv.TRITON_SERVER_REQUESTS, self._requests)
        return named(asked.get("parameters"), self.span)

    @guarded
    def response(self, error: Any) -> None:
        self._responses += 1
        self.span.set_attribute(semconv.TRITON_SERVER_RESPONSES, self._responses)
        if self._responses == 1:
            first_ms = (time.monotonic_ns() - self._began) / 1e6
            self.span.set_attribute(semconv.TRITON_SERVER_FIRST_RESPONSE_MS, first_ms)
        if error is not None:
            record_failure(self.span, error)


_streams: weakref.WeakKeyDictionary[Any, _Stream] = weakref.WeakKeyDictionary()


def start(call: Call) -> Observer:
    """Begin the span of a client's stream, of which it has one at a time."""
    callback, stream = call.argument("callback"), _Stream(call.instance)

    def answered(result: Any, error: Any) -> Any:
        stream.response(error)
        return callback(result=result, error=error)

    headers = named(call.argument("headers"), stream.span)
    yield call.replace(callback=answered, headers=headers)
    _streams[call.instance] = stream


def ask(call: Call) -> Observer:
    """Follow a request into the stream, whose headers were sent before."""
    stream = _streams.get(call.instance)
    if stream is None:
        return
    names = ("model_name", "request_id", "sequence_id", "parameters")
    yield call.replace(parameters=stream.request({name: call.argument(name) for name in names}))


def stop(call: Call) -> Observer:
    """End the span when the last answer has come."""
    yield
    stream = _streams.pop(call.instance, None)
    if stream is not None:
        stream.span.end()


def stream(call: Call) -> Observer:
    """Follow an async stream until its call is done."""
    stream = _Stream(call.instance)
    answers = yield call.replace(
        inputs_iterator=_requests(stream, call.argument("inputs_iterator")),
        headers=named(call.argument("headers"), stream.span),
    )
    answers._grpc_call.add_done_callback(lambda done: _done(stream.span, done))


async def _requests(stream: _Stream, given: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for asked in given:
        with guarded:
            asked = {**asked, "parameters": stream.request(asked)}
        yield asked


@guarded
def _done(span: Span, call: Any) -> None:
    if call.cancelled():
        span.set_attribute(semconv.STREAM_INCOMPLETE, True)
    span.end()
