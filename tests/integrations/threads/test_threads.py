"""Work in threads and pools lies below the span that asked for it, and below no other."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from axonize import patching
from axonize.integrations.threads import THREADS
from axonize.speed import Span, current_span
from tests.integrations.conftest import Recorded


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(THREADS)
    yield
    patching.uninstall(THREADS)


def work(name: str = "work") -> str:
    with Span(name):
        return name


class OwnRun(threading.Thread):
    def run(self) -> None:
        work("own run")


@pytest.mark.parametrize(
    ("thread", "name"),
    [
        (lambda: threading.Thread(target=work), "work"),
        (lambda: threading.Thread(target=work, kwargs={"name": "named"}), "named"),
        (OwnRun, "own run"),
        (lambda: threading.Timer(0, work), "work"),
    ],
)
def test_a_thread_runs_under_the_span_that_started_it(
    recorded: Recorded, thread: Any, name: str
) -> None:
    with Span("request"):
        started = thread()
        started.start()
        started.join()
    assert recorded.outline() == [("request", [name])]


def test_the_span_where_it_is_started_counts_not_where_it_is_made(recorded: Recorded) -> None:
    with Span("made here"):
        thread = threading.Thread(target=work)
    with Span("started here"):
        thread.start()
        thread.join()
    assert recorded.outline() == ["made here", ("started here", ["work"])]


def test_without_a_span_a_thread_is_left_as_it_is(recorded: Recorded) -> None:
    thread = OwnRun()
    thread.start()
    thread.join()
    assert "run" not in vars(thread)
    assert recorded.outline() == ["own run"]


def test_a_thread_keeps_no_trace_of_it_and_can_be_collected() -> None:
    with Span("request"):
        thread = OwnRun()
        thread.start()
        thread.join()
    assert "run" not in vars(thread)
    reference = weakref.ref(thread)
    gc.disable()
    try:
        del thread
        assert reference() is None
    finally:
        gc.enable()


def test_a_run_set_on_the_thread_itself_is_run_and_stays(recorded: Recorded) -> None:
    thread = threading.Thread()
    thread.run = work  # type: ignore[method-assign]
    with Span("request"):
        thread.start()
        thread.join()
    assert vars(thread)["run"] is work
    assert recorded.outline() == [("request", ["work"])]


def test_a_thread_that_cannot_start_raises_the_same_and_is_left_as_it_was() -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with Span("request"), pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    assert "run" not in vars(thread)


def test_a_task_runs_under_the_span_of_its_submitter(recorded: Recorded) -> None:
    with ThreadPoolExecutor(1) as pool:
        with Span("first"):
            assert pool.submit(work, "task of first").result() == "task of first"
        with Span("second"):
            assert list(pool.map(work, ["a", "b"])) == ["a", "b"]
        assert pool.submit(work, "task of nobody").result() == "task of nobody"
    assert recorded.outline() == [
        ("first", ["task of first"]),
        ("second", ["a", "b"]),
        "task of nobody",
    ]


def test_submitting_leaves_the_current_span_current() -> None:
    with ThreadPoolExecutor(1) as pool, Span("request") as span:
        pool.submit(work).result()
        assert current_span.get() is span


def test_what_a_task_raises_reaches_its_submitter(recorded: Recorded) -> None:
    def fails() -> None:
        raise KeyError("host")

    with ThreadPoolExecutor(1) as pool, Span("request"):
        with pytest.raises(KeyError, match="host"):
            pool.submit(fails).result()
        assert pool.submit(current_span.get).result() is not None
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_span.get).result() is None


def test_a_refused_task_raises_the_same() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with Span("request") as span:
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            pool.submit(work)
        assert current_span.get() is span


def test_asyncio_hands_the_span_to_its_threads(recorded: Recorded) -> None:
    async def request(name: str) -> None:
        with Span(name):
            await asyncio.to_thread(work, f"to_thread of {name}")
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, work, f"executor of {name}")

    async def both() -> None:
        await asyncio.gather(request("first"), request("second"))

    asyncio.run(both())
    assert sorted(recorded.outline()) == [
        ("first", ["to_thread of first", "executor of first"]),
        ("second", ["to_thread of second", "executor of second"]),
    ]
