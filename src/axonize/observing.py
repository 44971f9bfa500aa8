"""How an observer follows one call of the host, whether it returns, awaits or streams."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from axonize.call import END, Call, Shape, positions_in, shape_of, wants_keywords
from axonize.guard import guarded, log_internal_error
from axonize.speed import current_span

Named = TypeVar("Named", bound=Callable[..., Any])
Follow: TypeAlias = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], Any]


Observer: TypeAlias = Generator[Any, Any, None]
Observe: TypeAlias = Callable[[Call], Observer]


def observe(
    function: Callable[..., Any], observer: Observe, *, shape: Shape | None = None
) -> Callable[..., Any]:
    """Return a function that calls `function` and lets the observer follow it.

    For callables met at run time, such as the `send` an ASGI server passes. Name the shape
    where the function does not show it, as with a lambda that returns an awaitable.
    """
    shape = shape or shape_of(function)
    follow = follower(function, observer, shape=shape)

    def observed(*args: Any, **kwargs: Any) -> Any:
        return follow(function, None, args, kwargs)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        return await follow(function, None, args, kwargs)

    return functools.wraps(function)(awaited if shape == "coroutine" else observed)


def follower(
    function: Any,
    observer: Observe,
    *,
    shape: Shape | None = None,
    rewrites: bool = False,
    signature: inspect.Signature | None = None,
) -> Follow:
    """Return the wrapper, in wrapt's form, that calls `function` once and tells the observer.

    With `rewrites` the call that the observer yields first is made instead of the host's.
    """
    positions = positions_in(signature)
    fitting = None if signature is None or wants_keywords(signature) else len(positions)
    site = _Site(function, observer, rewrites, signature, positions, fitting)
    return _FOLLOW[shape or shape_of(function)](site)


@dataclass(frozen=True)
class _Site:
    """A function that is followed: what is the same for all its calls."""

    function: Any
    observer: Observe
    rewrites: bool
    signature: inspect.Signature | None
    positions: Mapping[str, int]
    fitting: int | None

    def refuses(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Say whether calling the function so raises a TypeError."""
        if len(args) == self.fitting and not kwargs:
            return False  # the usual case; binding takes 2 us
        try:
            if self.signature is not None:
                self.signature.bind(*args, **kwargs)
        except TypeError:
            return True
        return False

    def call(self, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(instance, args, kwargs, self.positions)

    def begin(self, call: Call) -> tuple[Observer | None, Call]:
        """Start the observer; return it and the call to make."""
        try:
            watching = self.observer(call)
            wanted = next(watching)
        except StopIteration:
            return None, call
        except Exception as error:  # noqa: BLE001 - whatever an observer raises stays here
            log_internal_error(error)
            return None, call
        return watching, wanted if self.rewrites and isinstance(wanted, Call) else call


def _follow_plain(site: _Site) -> Follow:
    def follow(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        watching, call = site.begin(site.call(instance, args, kwargs))
        try:
            result = wrapped(*call.args, **call.kwargs)
        except BaseException as error:
            _failed(watching, error)
            raise
        _finish(watching, result)
        return result

    return follow


def _follow_coroutine(site: _Site) -> Follow:
    # The host is called when the work starts: called earlier, its coroutine would never be
    # awaited if a task is cancelled before its first step, and Python would warn of that.
    @_named_like(site.function)
    async def follow(
        wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        watching, call = site.begin(site.call(instance, args, kwargs))
        try:
            result = await wrapped(*call.args, **call.kwargs)
        except BaseException as error:
            _failed(watching, error)
            raise
        _finish(watching, result)
        return result

    def start(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # Wrong arguments are refused where the host is called and not where it is awaited:
        # uvicorn tells an application from a function that makes one by that.
        if site.refuses(args, kwargs):
            return wrapped(*args, **kwargs)
        return follow(wrapped, instance, args, kwargs)

    return start


def _follow_generator(site: _Site) -> Follow:
    @_named_like(site.function)
    def steps(wrapped: Any, call: Call, stream: Any) -> Generator[Any, Any, Any]:
        place = _Place()
        watching, call = site.begin(call)
        try:
            stream = wrapped(*call.args, **call.kwargs) if stream is None else stream
            item = next(stream)
            while True:
                watching = _tell(watching, item)
                place.leave()
                try:
                    sent = yield item
                except BaseException as thrown:  # noqa: BLE001 - given to the host
                    place.enter()
                    item = stream.throw(thrown)
                else:
                    place.enter()
                    item = stream.send(sent)
        except StopIteration as stop:
            _finish(watching, END)
            return stop.value
        except BaseException as error:
            _failed(watching, error)
            raise
        finally:
            place.leave()

    def follow(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # The host is called at once, so that wrong arguments are refused where it is called.
        stream = None if site.rewrites else wrapped(*args, **kwargs)
        return steps(wrapped, site.call(instance, args, kwargs), stream)

    return follow


def _follow_async_generator(site: _Site) -> Follow:
    @_named_like(site.function)
    async def steps(wrapped: Any, call: Call, stream: Any) -> AsyncGenerator[Any, Any]:
        place = _Place()
        watching, call = site.begin(call)
        try:
            stream = wrapped(*call.args, **call.kwargs) if stream is None else stream
            item = await anext(stream)
            while True:
                watching = _tell(watching, item)
                place.leave()
                try:
                    sent = yield item
                except BaseException as thrown:  # noqa: BLE001 - given to the host
                    place.enter()
                    item = await stream.athrow(thrown)
                else:
                    place.enter()
                    item = await stream.asend(sent)
        except StopAsyncIteration:
            _finish(watching, END)
        except BaseException as error:
            _failed(watching, error)
            raise
        finally:
            place.leave()

    def follow(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        stream = None if site.rewrites else wrapped(*args, **kwargs)
        return steps(wrapped, site.call(instance, args, kwargs), stream)

    return follow


_FOLLOW: dict[Shape, Callable[[_Site], Follow]] = {
    "plain": _follow_plain,
    "coroutine": _follow_coroutine,
    "generator": _follow_generator,
    "async generator": _follow_async_generator,
}


class _Place:
    """Which span is current in a stream and which in its consumer, that runs between items."""

    __slots__ = ("_inside", "_outside")

    def __init__(self) -> None:
        self._outside = current_span.get()

    def leave(self) -> None:
        self._inside = current_span.get()
        current_span.set(self._outside)

    def enter(self) -> None:
        self._outside = current_span.get()
        current_span.set(self._inside)


def _tell(watching: Observer | None, value: Any) -> Observer | None:
    """Send a value to the observer; return it while it wants more."""
    if watching is None:
        return None
    try:
        watching.send(value)
    except StopIteration:
        return None
    except Exception as error:  # noqa: BLE001 - as above
        log_internal_error(error)
        return None
    return watching


def _finish(watching: Observer | None, result: Any) -> None:
    left = _tell(watching, result)
    if left is not None:
        with guarded:
            left.close()


def _failed(watching: Observer | None, error: BaseException) -> None:
    """Raise the host's error at the observer's yield; it stays as it was, for the host."""
    if watching is None:
        return
    traceback, context = error.__traceback__, error.__context__
    try:
        watching.throw(error)
        watching.close()
    except StopIteration:
        pass
    except BaseException as raised:
        # A generator turns a StopIteration that passes it into a RuntimeError caused by it.
        if raised is not error and raised.__cause__ is not error:
            if not isinstance(raised, Exception):
                raise
            log_internal_error(raised)
    finally:
        error.__traceback__, error.__context__ = traceback, context


def _named_like(function: Any) -> Callable[[Named], Named]:
    """Name our coroutines and generators like the host's: names show in warnings and tasks."""

    def rename(ours: Named) -> Named:
        ours.__name__ = getattr(function, "__name__", ours.__name__)
        ours.__qualname__ = getattr(function, "__qualname__", ours.__qualname__)
        return ours

    return rename
