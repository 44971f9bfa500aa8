"""A span for each request that a model makes of another model of its server."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import Any

from axonize import semconv
from axonize.guard import guarded
from axonize.integrations.triton_server.responses import BACKEND
from axonize.propagation import inject
from axonize.recording import record_failure
from axonize.speed import Span

MOST = 1000  # requests that were made and not executed yet
_spans: dict[int, Span] = {}


def trace_calls(replace: Callable[[Any, str, Any], None]) -> None:
    """Follow the requests of this stub's model."""
    request = sys.modules[BACKEND].InferenceRequest
    replace(request, "__init__", _made(request.__init__))
    replace(request, "exec", _executed(request.exec))
    replace(request, "async_exec", _executed_later(request.async_exec))


def _made(original: Any) -> Any:
    # The span begins here, for the parameters that name it to the other model are set here.
    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        span = _begin(kwargs)
        original(self, *args, **kwargs)
        if span is not None:
            if len(_spans) >= MOST:
                _spans.clear()
            _spans[id(self)] = span

    return init


@guarded
def _begin(kwargs: dict[str, Any]) -> Span:
    name = kwargs.get("model_name", "")
    attributes = {
        semconv.TRITON_MODEL_NAME: name,
        semconv.TRITON_REQUEST_ID: kwargs.get("request_id") or None,
    }
    span = Span(f"infer {name}", attributes, kind="client")
    given = kwargs.get("parameters") or {}
    given = json.loads(given) if isinstance(given, str) else given
    kwargs["parameters"] = {**inject(span), **given}
    return span


def _executed(original: Any) -> Any:
    @functools.wraps(original)
    def execute(self: Any, *args: Any, **kwargs: Any) -> Any:
        span = _spans.pop(id(self), None)
        try:
            response = original(self, *args, **kwargs)
        except BaseException as error:
            _failed(span, error)
            raise
        _end(span, response)
        return response

    return execute


def _executed_later(original: Any) -> Any:
    @functools.wraps(original)
    def async_exec(self: Any, *args: Any, **kwargs: Any) -> Any:
        span = _spans.pop(id(self), None)
        answer = original(self, *args, **kwargs)
        if span is None or not hasattr(answer, "add_done_callback"):
            _end(span, None)
        else:
            answer.add_done_callback(lambda done: _done(span, done))
        return answer

    return async_exec


@guarded
def _done(span: Span, future: Any) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        _failed(span, error)
    else:
        _end(span, None if future.cancelled() else future.result())


@guarded
def _failed(span: Span | None, error: BaseException) -> None:
    if span is not None:
        record_failure(span, error)
        span.end()


@guarded
def _end(span: Span | None, response: Any) -> None:
    """End the span with its response; a decoupled model's are read later, as they come."""
    if span is None:
        return
    if hasattr(response, "has_error") and response.has_error():
        span.set_status("error", response.error().message())
    span.end()
