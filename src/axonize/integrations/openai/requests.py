"""One client span for each request, whatever the client does to get it answered."""

from __future__ import annotations

from typing import Any

from axonize.guard import guarded
from axonize.integrations.openai.asked import OPERATIONS, body_of, choices, describe
from axonize.integrations.openai.reading import follow_body, follow_chunks, reader_of
from axonize.integrations.openai.span import RequestSpan
from axonize.patching import Call, Observer
from axonize.propagation import TRACEPARENT, inject
from axonize.speed import current_span


def request(call: Call) -> Observer:
    """Follow the client's `request`, with the retries in it; files, models and such go untraced."""
    options = call.argument("options")
    path = options.url.strip("/")
    operation = OPERATIONS.get(path)
    if operation is None or options.method.lower() != "post":
        return
    body = body_of(options)
    span = RequestSpan(path, describe(call.instance, operation, body), choices(body))
    outer = current_span.get()
    current_span.set(span)
    try:
        result = yield call.replace(options=_carrying(options, span))
    except BaseException as error:
        span.failed(error)
        raise
    finally:
        current_span.set(outer)
    _follow(span, result)


def retry(call: Call) -> Observer:
    """Note that the client tries again, and what it had been answered."""
    span = current_span.get()
    if isinstance(span, RequestSpan):
        span.resent(getattr(call.kwargs.get("response"), "status_code", None))
    yield


def stream(call: Call) -> Observer:
    """Follow a stream that the host has made of a raw response."""
    yield
    span = reader_of(call.argument("response"))
    if span is not None:
        follow_chunks(span, call.instance)


def _carrying(options: Any, span: RequestSpan) -> Any:
    """Return the options with our span as the server's parent, unless the host names one."""
    headers = options.headers or {}
    if any(name.lower() == TRACEPARENT for name in headers):
        return options
    return options.model_copy(update={"headers": {**headers, **inject(span)}})


@guarded
def _follow(span: RequestSpan, result: Any) -> None:
    if hasattr(result, "_iterator"):  # a stream
        follow_body(span, result.response)
        follow_chunks(span, result)
        return
    response = getattr(result, "http_response", result)  # of a raw response
    if not hasattr(response, "is_closed"):
        span.answered(result)
    elif response.is_closed:
        span.answered(response.json())
    else:
        follow_body(span, response)
