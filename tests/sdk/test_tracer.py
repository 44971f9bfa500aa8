"""The decorator @trace on every kind of function."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

import axonize
from axonize.testing import CapturedSpans

FAILED = {
    "status": ("error", "ValueError: no"),
    "attributes": {"error.type": "ValueError"},
    "events": [("exception", {"exception.type": "ValueError", "exception.message": "no"})],
}


def note(name: str) -> None:
    axonize.span(name).end()


def test_function(captured_spans: CapturedSpans) -> None:
    @axonize.trace
    def add(a: int, b: int = 2) -> int:
        """Add."""
        note("inside")
        return a + b

    assert add(1) == 3
    assert add(1, b=1) == 2
    assert (add.__name__, add.__doc__) == ("add", "Add.")
    assert str(inspect.signature(add)) == "(a: 'int', b: 'int' = 2) -> 'int'"
    name = "test_function.<locals>.add"
    assert captured_spans.tree() == [{"name": name, "children": [{"name": "inside"}]}] * 2


def test_name_and_attributes(captured_spans: CapturedSpans) -> None:
    @axonize.trace(name="embed", attributes={"batch": 4})
    def compute() -> None:
        pass

    compute()
    assert captured_spans.tree() == [{"name": "embed", "attributes": {"batch": 4}}]


def test_methods(captured_spans: CapturedSpans) -> None:
    class Model:
        @axonize.trace(name="plain")
        def plain(self) -> Model:
            return self

        @axonize.trace(name="made")
        @classmethod
        def made(cls) -> type:
            return cls

        @axonize.trace(name="static")
        @staticmethod
        def static(value: int) -> int:
            return value

    model = Model()
    assert (model.plain(), Model.made(), model.static(1)) == (model, Model, 1)
    assert [span.name for span in captured_spans.spans] == ["plain", "made", "static"]


def test_failure(captured_spans: CapturedSpans) -> None:
    @axonize.trace(name="f")
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert captured_spans.tree() == [{"name": "f", **FAILED}]


def test_coroutine(captured_spans: CapturedSpans) -> None:
    @axonize.trace(name="outer")
    async def outer() -> list[int]:
        return await asyncio.gather(inner(1), inner(2))

    @axonize.trace(name="inner")
    async def inner(value: int) -> int:
        await asyncio.sleep(0)
        return value

    assert inspect.iscoroutinefunction(outer)
    assert asyncio.run(outer()) == [1, 2]
    assert captured_spans.tree() == [{"name": "outer", "children": [{"name": "inner"}] * 2}]


def test_coroutine_that_fails_or_is_cancelled(captured_spans: CapturedSpans) -> None:
    @axonize.trace(name="c")
    async def wait(event: asyncio.Event) -> None:
        await event.wait()

    async def cancel() -> None:
        task = asyncio.create_task(wait(asyncio.Event()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert [span.ended for span in captured_spans.spans] == [True]


@axonize.trace(name="items")
def items(fail: bool = False) -> Iterator[int]:
    note("before 1")
    yield 1
    with axonize.span("block"):
        note("before 2")
        yield 2
        note("after 2")
    if fail:
        raise ValueError("no")


BLOCK = {"name": "block", "children": [{"name": "before 2"}, {"name": "after 2"}]}


def test_generator_is_current_only_inside(captured_spans: CapturedSpans) -> None:
    assert inspect.isgeneratorfunction(items)
    with axonize.span("consumer"):
        iterator = items()
        note("made")
        for item in iterator:
            note(f"use {item}")
    assert captured_spans.tree() == [
        {
            "name": "consumer",
            "children": [
                {"name": "made"},
                {"name": "items", "children": [{"name": "before 1"}, BLOCK]},
                {"name": "use 1"},
                {"name": "use 2"},
            ],
        }
    ]


def test_generator_that_fails(captured_spans: CapturedSpans) -> None:
    with pytest.raises(ValueError, match="no"):
        list(items(fail=True))
    assert captured_spans.tree() == [
        {"name": "items", **FAILED, "children": [{"name": "before 1"}, BLOCK]}
    ]
    assert axonize.current_span() is None


def test_generator_that_is_closed(captured_spans: CapturedSpans) -> None:
    iterator = items()
    next(iterator)
    iterator.close()  # type: ignore[attr-defined]
    assert captured_spans.tree() == [{"name": "items", "children": [{"name": "before 1"}]}]


def echo() -> Generator[object, str, str]:
    received: list[object] = []
    while len(received) < 3:
        try:
            received.append((yield len(received)))
        except KeyError as error:  # noqa: PERF203 - what is thrown in is tested
            received.append(error.args)
    return f"got {received}"


def test_generator_protocol_is_that_of_the_original(captured_spans: CapturedSpans) -> None:
    def drive(function: Callable[[], Generator[object, str, str]]) -> list[object]:
        generator = function()
        seen = [next(generator), generator.send("a"), generator.throw(KeyError("k"))]
        with pytest.raises(StopIteration) as stop:
            generator.send("b")
        return [*seen, stop.value.value]

    assert drive(axonize.trace(echo)) == drive(echo) == [0, 1, 2, "got ['a', ('k',), 'b']"]
    assert len(captured_spans.spans) == 1


@axonize.trace(name="stream")
async def stream(fail: bool = False) -> AsyncIterator[int]:
    note("before 1")
    yield 1
    with axonize.span("block"):
        note("before 2")
        await asyncio.sleep(0)
        yield 2
        note("after 2")
    if fail:
        raise ValueError("no")


def test_async_generator_is_current_only_inside(captured_spans: CapturedSpans) -> None:
    async def consume() -> None:
        with axonize.span("consumer"):
            async for item in stream():
                note(f"use {item}")

    assert inspect.isasyncgenfunction(stream)
    asyncio.run(consume())
    assert captured_spans.tree() == [
        {
            "name": "consumer",
            "children": [
                {"name": "stream", "children": [{"name": "before 1"}, BLOCK]},
                {"name": "use 1"},
                {"name": "use 2"},
            ],
        }
    ]


def test_async_generator_that_fails(captured_spans: CapturedSpans) -> None:
    async def consume() -> None:
        with pytest.raises(ValueError, match="no"):
            async for _ in stream(fail=True):
                pass

    asyncio.run(consume())
    assert captured_spans.tree() == [
        {"name": "stream", **FAILED, "children": [{"name": "before 1"}, BLOCK]}
    ]


def test_async_generator_left_early_and_read_by_several_tasks(
    captured_spans: CapturedSpans,
) -> None:
    async def consume() -> None:
        iterator: Any = stream()
        first = await asyncio.create_task(anext(iterator))
        second = await asyncio.create_task(anext(iterator))
        assert (first, second) == (1, 2)
        await iterator.aclose()

    asyncio.run(consume())
    block = {"name": "block", "children": [{"name": "before 2"}]}
    assert captured_spans.tree() == [{"name": "stream", "children": [{"name": "before 1"}, block]}]


def test_async_generator_takes_values_and_exceptions(captured_spans: CapturedSpans) -> None:
    @axonize.trace
    async def answer() -> Any:
        try:
            received = yield 0
            yield received
        except KeyError:
            yield "caught"

    async def consume() -> list[object]:
        generator = answer()
        return [
            await anext(generator),
            await generator.asend("a"),
            await generator.athrow(KeyError("k")),
            await generator.aclose(),
        ]

    assert asyncio.run(consume()) == [0, "a", "caught", None]
    assert len(captured_spans.spans) == 1
