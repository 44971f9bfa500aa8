"""An observer sees everything and changes nothing, whatever the shape of the function."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import logging
import traceback
import warnings
from collections.abc import AsyncGenerator, Generator, Iterator

import pytest

from axonize import guard
from axonize.call import END, Call
from axonize.observing import Observer, observe
from axonize.speed import Span, current_span


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "strict", True)


@pytest.fixture
def production(strict: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "strict", False)


class Seen(list[object]):
    """Writes down all that an observer is told."""

    def __call__(self, call: Call) -> Observer:
        self.append(("call", call.args, dict(call.kwargs)))
        try:
            while True:
                value = yield
                self.append(value)
                if value is END:
                    return
        except BaseException as error:
            self.append(type(error).__name__)
            raise


def once(seen: list[object]) -> object:
    def observer(call: Call) -> Observer:
        seen.append(("call", call.args, dict(call.kwargs)))
        try:
            seen.append((yield))
        except BaseException as error:
            seen.append(type(error).__name__)
            raise

    return observer


def double(number: int, *, add: int = 0) -> int:
    """Return twice the number."""
    return 1 // number * 0 + number * 2 + add


async def double_later(number: int) -> int:
    await asyncio.sleep(0)
    return double(number)


def echo(count: int) -> Generator[object, object, str]:
    item: object = "first"
    for _ in range(count):
        try:
            item = yield item
        except KeyError as error:  # noqa: PERF203 - what a host may well do
            item = f"caught {error}"
    return "done"


async def echo_later(count: int) -> AsyncGenerator[object, object]:
    item: object = "first"
    for _ in range(count):
        await asyncio.sleep(0)
        try:
            item = yield item
        except KeyError as error:
            item = f"caught {error}"


# ---------------------------------------------------------------- plain and coroutine


def test_a_plain_call_is_seen_before_and_after() -> None:
    seen: list[object] = []
    assert observe(double, once(seen))(3, add=1) == 7
    assert seen == [("call", (3,), {"add": 1}), 7]


def test_the_host_error_is_seen_and_reaches_the_caller_unchanged() -> None:
    seen: list[object] = []
    error = ValueError("host")
    error.__context__ = context = KeyError("earlier")

    def fail() -> None:
        raise error

    with pytest.raises(ValueError, match="host") as caught:
        observe(fail, once(seen))()
    assert caught.value is error
    assert error.__context__ is context
    assert error.__cause__ is None
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert names[-3:] == ["observed", "follow", "fail"]
    assert seen == [("call", (), {}), "ValueError"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, StopIteration, GeneratorExit])
def test_errors_that_mean_something_to_python_go_through(kind: type[BaseException]) -> None:
    seen: list[object] = []

    def fail() -> None:
        raise kind

    with pytest.raises(kind):
        observe(fail, once(seen))()
    assert seen[-1] == kind.__name__


def test_an_observer_may_swallow_or_replace_an_error_without_effect(production: None) -> None:
    def swallow(call: Call) -> Observer:
        with contextlib.suppress(ZeroDivisionError):
            yield

    def replace(call: Call) -> Observer:
        try:
            yield
        except ZeroDivisionError:
            raise OSError("ours") from None

    for observer in (swallow, replace):
        with pytest.raises(ZeroDivisionError) as caught:
            observe(double, observer)(0)
        assert caught.value.__context__ is None


def broken_before(call: Call) -> Observer:
    raise RuntimeError("ours")
    yield


def broken_after(call: Call) -> Observer:
    yield
    raise RuntimeError("ours")


def not_a_generator(call: Call) -> Observer:
    return None  # type: ignore[return-value]


def never_yields(call: Call) -> Observer:
    return
    yield


def yields_too_often(call: Call) -> Observer:
    while True:
        yield


BROKEN = [broken_before, broken_after, not_a_generator]


@pytest.mark.parametrize("observer", [*BROKEN, never_yields, yields_too_often])
def test_a_broken_observer_changes_nothing(
    production: None, observer: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="axonize"):
        assert observe(double, observer)(3) == 6
        assert asyncio.run(observe(double_later, observer)(3)) == 6
        assert list(observe(echo, observer)(2)) == ["first", None]
        with pytest.raises(ZeroDivisionError):
            observe(double, observer)(0)
    assert ("internal error" in caplog.text) == (observer in BROKEN)


@pytest.mark.parametrize("observer", BROKEN)
def test_a_broken_observer_is_loud_in_tests(observer: object) -> None:
    with pytest.raises((RuntimeError, TypeError)):
        observe(double, observer)(3)


def test_an_interrupt_inside_an_observer_is_not_swallowed(production: None) -> None:
    def interrupted(call: Call) -> Observer:
        yield
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(double, interrupted)(3)


def test_a_coroutine_is_seen_and_stays_one() -> None:
    seen: list[object] = []
    observed = observe(double_later, once(seen))
    assert inspect.iscoroutinefunction(observed)
    coroutine = observed(3)
    assert inspect.iscoroutine(coroutine)
    assert (coroutine.__name__, seen) == ("double_later", [])
    assert asyncio.run(coroutine) == 6
    assert seen == [("call", (3,), {}), 6]


def test_a_cancelled_coroutine_is_seen() -> None:
    seen: list[object] = []

    async def main() -> None:
        task = asyncio.create_task(observe(asyncio.sleep, once(seen), shape="coroutine")(60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen == [("call", (60,), {}), "CancelledError"]


def test_a_task_cancelled_before_its_first_step_leaves_no_warning() -> None:
    seen: list[object] = []

    async def main() -> None:
        task = asyncio.create_task(observe(double_later, once(seen))(3))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()
    assert seen == []


def test_a_lambda_that_returns_an_awaitable_is_awaited_when_named_so() -> None:
    seen: list[object] = []
    observed = observe(lambda number: double_later(number), once(seen), shape="coroutine")
    assert asyncio.run(observed(3)) == 6
    assert seen[-1] == 6


# ---------------------------------------------------------------- generators


def test_a_stream_is_seen_item_by_item_to_its_end() -> None:
    seen = Seen()
    assert list(observe(echo, seen)(2)) == ["first", None]
    assert seen == [("call", (2,), {}), "first", None, END]


def test_a_generator_stays_one_and_is_named_like_the_host() -> None:
    stream = observe(echo, Seen())(1)
    assert inspect.isgenerator(stream)
    assert stream.__qualname__ == "echo"


def test_wrong_arguments_are_refused_where_the_generator_is_called() -> None:
    seen = Seen()
    with pytest.raises(TypeError):
        observe(echo, seen)()
    assert seen == []


def test_send_throw_and_the_return_value_pass_through() -> None:
    seen = Seen()
    stream = observe(echo, seen)(4)
    assert next(stream) == "first"
    assert stream.send("second") == "second"
    assert stream.throw(KeyError("third")) == "caught 'third'"
    assert stream.send("fourth") == "fourth"
    with pytest.raises(StopIteration) as stop:
        next(stream)
    assert stop.value.value == "done"
    assert seen[1:] == ["first", "second", "caught 'third'", "fourth", END]


def test_an_error_thrown_in_that_the_host_does_not_catch_comes_out() -> None:
    seen = Seen()
    stream = observe(echo, seen)(4)
    next(stream)
    error = ValueError("thrown")
    with pytest.raises(ValueError, match="thrown") as caught:
        stream.throw(error)
    assert caught.value is error
    assert seen[-1] == "ValueError"


def cleaning(log: list[str]) -> Generator[int, None, None]:
    try:
        yield 1
        yield 2
    finally:
        log.append("host closed")


def test_closing_a_stream_closes_the_host_first_then_the_observer() -> None:
    log: list[object] = []

    def observer(call: Call) -> Observer:
        try:
            yield
            yield
        except GeneratorExit:
            log.append("observer closed")
            raise

    stream = observe(cleaning, observer)(log)
    next(stream)
    stream.close()
    assert log == ["host closed", "observer closed"]
    assert list(stream) == []


def test_a_stream_dropped_early_is_closed() -> None:
    log: list[str] = []
    seen = Seen()
    for _ in observe(cleaning, seen)(log):
        break
    gc.collect()
    assert (log, seen[-1]) == (["host closed"], "GeneratorExit")


def test_a_stream_never_started_starts_nothing() -> None:
    seen = Seen()
    log: list[str] = []
    observe(cleaning, seen)(log).close()
    assert (log, seen) == ([], [])


def test_a_host_that_ignores_close_is_refused_as_python_does() -> None:
    def stubborn() -> Generator[int, None, None]:
        while True:
            try:
                yield 1
            except GeneratorExit:  # noqa: PERF203 - as above
                yield 2
                return

    for function in (stubborn, observe(stubborn, Seen())):
        stream = function()
        next(stream)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            stream.close()


def test_an_error_in_the_middle_of_a_stream_is_seen() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("host")

    seen = Seen()
    with pytest.raises(ValueError, match="host"):
        list(observe(broken, seen)())
    assert seen[1:] == [1, "ValueError"]


def test_an_observer_that_breaks_in_a_stream_leaves_the_stream_whole(production: None) -> None:
    assert list(observe(echo, broken_after)(3)) == ["first", None, None]


# ---------------------------------------------------------------- async generators


def test_an_async_stream_with_asend_and_athrow() -> None:
    seen = Seen()

    async def main() -> None:
        stream = observe(echo_later, seen)(4)
        assert inspect.isasyncgen(stream)
        assert await anext(stream) == "first"
        assert await stream.asend("second") == "second"
        assert await stream.athrow(KeyError("third")) == "caught 'third'"
        assert [item async for item in stream] == [None]

    asyncio.run(main())
    assert seen == [("call", (4,), {}), "first", "second", "caught 'third'", None, END]


async def cleaning_later(log: list[str]) -> AsyncGenerator[int, None]:
    try:
        yield 1
        yield 2
    finally:
        await asyncio.sleep(0)
        log.append("host closed")


def test_aclose_closes_host_and_observer() -> None:
    log: list[str] = []
    seen = Seen()

    async def main() -> None:
        stream = observe(cleaning_later, seen)(log)
        await anext(stream)
        await stream.aclose()
        assert [item async for item in stream] == []

    asyncio.run(main())
    assert (log, seen[1:]) == (["host closed"], [1, "GeneratorExit"])


def test_an_async_stream_left_early_is_closed_by_the_loop() -> None:
    log: list[str] = []
    seen = Seen()

    async def main() -> None:
        async for _ in observe(cleaning_later, seen)(log):
            break
        gc.collect()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert (log, seen[-1]) == (["host closed"], "GeneratorExit")


def test_a_cancelled_consumer_is_seen_by_the_async_stream() -> None:
    seen = Seen()

    async def endless() -> AsyncGenerator[int, None]:
        yield 1
        await asyncio.sleep(60)
        yield 2

    async def consume() -> None:
        async for _ in observe(endless, seen)():
            pass

    async def main() -> None:
        task = asyncio.create_task(consume())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen[1:] == [1, "CancelledError"]


def test_a_broken_observer_leaves_an_async_stream_whole(production: None) -> None:
    async def main(observer: object) -> list[object]:
        return [item async for item in observe(echo_later, observer)(2)]

    for observer in BROKEN:
        assert asyncio.run(main(observer)) == ["first", None]


# ---------------------------------------------------------------- the current span


def spanning(call: Call) -> Observer:
    with Span("stream"):
        while (yield) is not END:
            pass


def current_name() -> str | None:
    span = current_span.get()
    return span.name if span else None


def names() -> Generator[str | None, None, None]:
    yield current_name()
    yield current_name()


async def names_later() -> AsyncGenerator[str | None, None]:
    yield current_name()
    await asyncio.sleep(0)
    yield current_name()


def test_a_streams_span_is_current_inside_it_and_never_in_its_consumer() -> None:
    inside, outside = [], []
    with Span("consumer"):
        for name in observe(names, spanning)():
            inside.append(name)
            outside.append(current_name())
        outside.append(current_name())
    assert inside == ["stream", "stream"]
    assert outside == ["consumer", "consumer", "consumer"]
    assert current_name() is None


def test_a_span_that_the_consumer_starts_between_items_stays_current() -> None:
    stream = observe(names, spanning)()
    assert next(stream) == "stream"
    with Span("between"):
        assert next(stream) == "stream"
        assert current_name() == "between"
        assert next(stream, "end") == "end"
        assert current_name() == "between"
    assert current_name() is None


def test_an_async_stream_read_by_two_tasks_leaks_no_span() -> None:
    async def main() -> None:
        stream = observe(names_later, spanning)()

        async def read() -> tuple[str | None, str | None]:
            return await anext(stream), current_name()

        assert await asyncio.create_task(read()) == ("stream", None)
        assert await asyncio.create_task(read()) == ("stream", None)
        await stream.aclose()
        assert current_name() is None

    asyncio.run(main())


def test_coroutines_made_here_and_run_as_tasks_elsewhere_have_their_own_spans() -> None:
    async def work(label: str) -> str | None:
        await asyncio.sleep(0)
        return current_name()

    def observer(call: Call) -> Observer:
        with Span(f"span of {call.args[0]}"):
            yield

    async def main() -> list[str | None]:
        coroutines = [observe(work, observer)(label) for label in "ab"]
        return await asyncio.gather(*coroutines)

    assert asyncio.run(main()) == ["span of a", "span of b"]
