"""The decorator @trace: a span for each call of a function, coroutine or generator."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from typing import Any, TypeVar, overload

from axonize.recording import record_failure
from axonize.speed import Span, current_span

F = TypeVar("F", bound=Callable[..., Any])


@overload
def trace(function: F, /) -> F: ...


@overload
def trace(
    *, name: str | None = None, attributes: Mapping[str, Any] | None = None
) -> Callable[[F], F]: ...


def trace(
    function: F | None = None,
    /,
    *,
    name: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Any:
    """Record each call as a span, by default named after the function.

    A generator's span lasts from the first item asked for until it is exhausted or closed, and is
    current only while the generator's own code runs, not while its items are used.
    """
    if function is None:
        return functools.partial(_wrap, name=name, attributes=attributes)
    return _wrap(function, name, attributes)


def _wrap(function: Any, name: str | None, attributes: Mapping[str, Any] | None) -> Any:
    if isinstance(function, (classmethod, staticmethod)):
        return type(function)(_wrap(function.__func__, name, attributes))
    start = functools.partial(Span, name or function.__qualname__, attributes)
    traced = _choose(function)(function, start)
    return functools.update_wrapper(traced, function)


def _choose(function: Any) -> Callable[[Any, Callable[[], Span]], Any]:
    import inspect  # costs as much as all of this package, and most programs decorate nothing

    if inspect.iscoroutinefunction(function):
        return _trace_coroutine
    if inspect.isgeneratorfunction(function):
        return _trace_generator
    if inspect.isasyncgenfunction(function):
        return _trace_async_generator
    return _trace_call


def _trace_call(function: Any, start: Callable[[], Span]) -> Any:
    def traced(*args: Any, **kwargs: Any) -> Any:
        with start():
            return function(*args, **kwargs)

    return traced


def _trace_coroutine(function: Any, start: Callable[[], Span]) -> Any:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        with start():
            return await function(*args, **kwargs)

    return traced


def _trace_generator(function: Any, start: Callable[[], Span]) -> Any:
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        span, items = start(), function(*args, **kwargs)
        inside: Span | None = span
        resume, value = items.send, None
        try:
            while True:
                outside = current_span.get()
                current_span.set(inside)
                try:
                    item = resume(value)
                finally:
                    inside = current_span.get()
                    current_span.set(outside)
                try:
                    resume, value = items.send, (yield item)
                except BaseException as error:  # noqa: BLE001 - handed to whom it is meant for
                    resume, value = items.throw, error
        except StopIteration as stop:
            return stop.value
        except BaseException as error:
            record_failure(span, error)
            raise
        finally:
            span.end()

    return traced


def _trace_async_generator(function: Any, start: Callable[[], Span]) -> Any:
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        span, items = start(), function(*args, **kwargs)
        inside: Span | None = span
        resume, value = items.asend, None
        try:
            while True:
                outside = current_span.get()
                current_span.set(inside)
                try:
                    item = await resume(value)
                finally:
                    inside = current_span.get()
                    current_span.set(outside)
                try:
                    resume, value = items.asend, (yield item)
                except BaseException as error:  # noqa: BLE001 - handed to whom it is meant for
                    resume, value = items.athrow, error
        except StopAsyncIteration:
            return
        except BaseException as error:
            record_failure(span, error)
            raise
        finally:
            span.end()

    return traced
