"""Follows an answer that the host reads by and by, until it is read or given up."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

from axonize.integrations.openai.span import RequestSpan
from axonize.patching import Call, Observer, observe

SPAN_KEY = "axonize.span"  # in the extensions of an HTTP response


def reader_of(response: Any) -> RequestSpan | None:
    """Return the span that follows this HTTP response."""
    span: RequestSpan | None = response.extensions.get(SPAN_KEY)
    return span


def follow_body(span: RequestSpan, response: Any) -> None:
    """End the span when the response is read, closed or dropped."""
    response.extensions[SPAN_KEY] = span
    weakref.finalize(response, span.given_up)
    for name, follow in FOLLOWED.items():
        # On this one response, which the library closes by its own methods as well.
        vars(response)[name] = observe(getattr(response, name), partial(follow, span, response))


def follow_chunks(span: RequestSpan, stream: Any) -> None:
    """Note each chunk on its way to the host."""
    span.streams()
    stream._iterator = Chunks(stream._iterator, span)


class Chunks:
    """The iterator of a stream, sync or async, in the place of the library's own."""

    def __init__(self, source: Any, span: RequestSpan) -> None:
        self._source = source
        self._span = span

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def __iter__(self) -> Any:
        return self

    def __aiter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        span = self._span
        span.reading = True
        try:
            chunk = self._source.__next__()
        except StopIteration:
            span.finish()
            raise
        except BaseException as error:
            span.failed(error)
            raise
        finally:
            span.reading = False
        span.came(chunk)
        return chunk

    async def __anext__(self) -> Any:
        span = self._span
        span.reading = True
        try:
            chunk = await self._source.__anext__()
        except StopAsyncIteration:
            span.finish()
            raise
        except BaseException as error:
            span.failed(error)
            raise
        finally:
            span.reading = False
        span.came(chunk)
        return chunk


def _reading(span: RequestSpan, response: Any, _: Call) -> Observer:
    """Follow the host's wish for the whole body; what is read again is there already."""
    span.reading = True
    try:
        yield
    except BaseException as error:
        span.failed(error)
        raise
    finally:
        span.reading = False
    if not span.ended:
        span.answered(response.json())


def _closing(span: RequestSpan, response: Any, _: Call) -> Observer:
    try:
        yield
    finally:
        span.given_up()
        for name in FOLLOWED:  # so that it can be pickled again
            vars(response).pop(name, None)


# The methods of an HTTP response by which it is read whole or let go.
FOLLOWED = {"read": _reading, "aread": _reading, "close": _closing, "aclose": _closing}
