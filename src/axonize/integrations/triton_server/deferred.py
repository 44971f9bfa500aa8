"""Inferences whose answer comes later: by a callback over gRPC, by a greenlet over HTTP."""

from __future__ import annotations

from typing import Any

from axonize.guard import guarded
from axonize.integrations.triton_server.client import begin, sent
from axonize.patching import Call, Observer
from axonize.recording import record_failure
from axonize.speed import Span


def infer_by_callback(call: Call) -> Observer:
    """Follow an inference until its callback is called."""
    callback, span = call.argument("callback"), begin(call)

    def answered(result: Any, error: Any) -> Any:
        _end(span, error)
        return callback(result=result, error=error)

    try:
        yield sent(call, span).replace(callback=answered)
    except BaseException as error:
        _end(span, error)
        raise


def infer_by_greenlet(call: Call) -> Observer:
    """Follow an inference until its greenlet is done, which runs while its result is waited for."""
    span = begin(call)
    try:
        answer = yield sent(call, span)
    except BaseException as error:
        _end(span, error)
        raise
    greenlet = answer._greenlet
    if greenlet.ready():  # while the client let it run; links wait for the next time
        _answered(span, greenlet)
    else:
        greenlet.rawlink(lambda done: _answered(span, done))


@guarded
def _answered(span: Span, greenlet: Any) -> None:
    status = getattr(greenlet.value, "status_code", 200)
    if status != 200:
        span.set_status("error", f"HTTP status {status}")
    _end(span, greenlet.exception)


@guarded
def _end(span: Span, error: BaseException | None) -> None:
    if error is not None:
        record_failure(span, error)
    span.end()
