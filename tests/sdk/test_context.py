from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from axonize import guard
from axonize.spans import ROOT, SpanContext, current_span


def test_the_block_makes_the_span_current(core: Any, buffer: Any) -> None:
    with core.Span("outer") as outer:
        assert current_span.get() is outer
        with core.Span("inner") as inner:
            assert (inner.trace_id, inner.parent_span_id) == (outer.trace_id, outer.span_id)
        with core.Span("apart", parent=ROOT) as apart:
            assert (apart.trace_id == outer.trace_id, apart.parent_span_id) == (False, "")
        started = core.Span("started only")
        assert (started.parent_span_id, current_span.get()) == (outer.span_id, outer)
    assert current_span.get() is None
    assert buffer.drain(10) == [inner, apart, outer]


def test_a_parent_may_be_given(core: Any, buffer: Any) -> None:
    remote = SpanContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1, "v=1")
    server = core.Span("server", parent=remote)
    child = core.Span("child", parent=server)
    assert [(s.trace_id, s.parent_span_id, s.trace_state) for s in (server, child)] == [
        (remote.trace_id, remote.span_id, "v=1"),
        (remote.trace_id, server.span_id, "v=1"),
    ]


def test_the_parent_may_be_a_span_of_another_kind(core: Any) -> None:
    other = SimpleNamespace(trace_id="1" * 32, span_id="2" * 16, trace_flags=1, trace_state="")
    current_span.set(other)  # type: ignore[arg-type]
    span = core.Span("x")
    current_span.set(None)
    assert (span.trace_id, span.parent_span_id) == ("1" * 32, "2" * 16)


@pytest.mark.parametrize(
    "parent",
    [7, "x", SpanContext("xyz", "1" * 16), SpanContext("1" * 32, ""), SimpleNamespace(trace_id=1)],
)
def test_a_parent_that_is_none_begins_a_trace(core: Any, parent: Any) -> None:
    with pytest.raises((ValueError, AttributeError, TypeError)):
        core.Span("x", parent=parent)
    guard.set_strict(False)
    span = core.Span("x", parent=parent)
    assert (int(span.trace_id, 16) > 0, span.parent_span_id) == (True, "")


def test_another_tool_may_know_the_parent_of_a_root(core: Any) -> None:
    outside = SpanContext("1" * 32, "2" * 16, 1, "v=1")
    core.set_root_parent(lambda: outside)
    with core.Span("joins") as joins:
        child = core.Span("child")
    assert (joins.trace_id, joins.parent_span_id, joins.trace_state) == ("1" * 32, "2" * 16, "v=1")
    assert child.parent_span_id == joins.span_id
    assert core.Span("apart", parent=ROOT).parent_span_id == ""
    assert core.Span("given", parent=SpanContext("3" * 32, "4" * 16)).trace_id == "3" * 32
    core.set_root_parent(lambda: None)
    assert core.Span("alone").parent_span_id == ""


def test_a_tool_that_fails_to_tell_the_parent_begins_a_trace(core: Any) -> None:
    def fails() -> None:
        raise LookupError

    core.set_root_parent(fails)
    with pytest.raises(LookupError):
        core.Span("x")
    guard.set_strict(False)
    span = core.Span("x")
    assert (int(span.trace_id, 16) > 0, span.parent_span_id) == (True, "")


def test_threads_begin_without_a_current_span(core: Any, buffer: Any) -> None:
    found: list[Any] = []

    def work() -> None:
        with core.Span("in thread") as span:
            found.append((span.parent_span_id, current_span.get() is span))

    with core.Span("outer") as outer:
        for target in (work, lambda: contextvars.copy_context().run(work)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        contextvars.copy_context().run(work)
    assert found == [("", True), ("", True), (outer.span_id, True)]


def test_tasks_keep_the_parent_they_were_made_under(core: Any, buffer: Any) -> None:
    async def work(name: str, steps: int) -> tuple[str, str]:
        with core.Span(name) as span:
            for _ in range(steps):
                await asyncio.sleep(0)
                assert current_span.get() is span
            return name, span.parent_span_id

    async def main() -> None:
        with core.Span("first") as first:
            early = [asyncio.create_task(work(f"task {n}", n)) for n in range(3)]
        with core.Span("second") as second:
            late = asyncio.create_task(work("late", 1))
            results = await asyncio.gather(*early, late)
        parents = [first.span_id] * 3 + [second.span_id]
        assert [parent for _, parent in results] == parents
        assert current_span.get() is None

    asyncio.run(main())


def test_a_generator_that_ends_late_does_not_stay_current(core: Any, buffer: Any) -> None:
    def generate() -> Iterator[int]:
        with core.Span("generator"):
            yield 1
            yield 2

    generator = generate()
    next(generator)
    with core.Span("caller") as caller:
        generator.close()
        assert current_span.get() is caller
    assert current_span.get() is None
    [ended, _] = buffer.drain(10)
    assert (ended.name, ended.status) == ("generator", "unset")


def test_leaving_in_any_order_returns_to_what_is_still_open(core: Any) -> None:
    a, b, c, d = (core.Span(name).__enter__() for name in "abcd")
    for span, current in ((b, d), (c, d), (d, a), (a, None)):
        span.__exit__(None, None, None)
        assert current_span.get() is current


def test_a_span_may_be_left_in_another_context(core: Any, buffer: Any) -> None:
    copied_inside: list[contextvars.Context] = []

    def generate() -> Iterator[int]:
        with core.Span("generator"):
            copied_inside.append(contextvars.copy_context())
            yield 1

    def elsewhere(generator: Any) -> Any:
        generator.close()
        return current_span.get()

    with core.Span("outer") as outer:
        generator = generate()
        next(generator)
        before = current_span.get()
        assert contextvars.Context().run(elsewhere, generator) is None
        assert current_span.get() is before  # that context was not ours to change
        generator = generate()
        next(generator)
        assert copied_inside[1].run(elsewhere, generator) is before
    assert (outer.ended, current_span.get()) == (True, None)


async def _agenerate(core: Any) -> Any:
    with core.Span("agenerator"):
        yield 1
        yield 2


def test_an_async_generator_closed_by_another_task(core: Any, buffer: Any) -> None:
    async def main() -> None:
        generator = _agenerate(core)
        await asyncio.create_task(anext(generator))
        await asyncio.create_task(generator.aclose())
        assert current_span.get() is None

    asyncio.run(main())
    assert [span.name for span in buffer.drain(10)] == ["agenerator"]


def test_entering_twice_changes_nothing(core: Any, buffer: Any) -> None:
    span = core.Span("x")
    with span, span:
        assert current_span.get() is span
    assert (current_span.get(), buffer.drain(10)) == (None, [span])
