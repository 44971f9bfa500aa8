"""The worker between a real buffer and real collectors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from axonize import guard
from axonize.demo.ports import free_port
from axonize.endpoint import parse_endpoint
from axonize.export.exporter import Exporter, Receipt, Retryable
from axonize.export.grpc import GRPCExporter
from axonize.export.http import HTTPExporter
from axonize.export.memory import MemoryExporter
from axonize.export.worker import Worker
from axonize.speed import RingBuffer, Span
from tests.sdk.export.collectors import (
    Collector,
    Reply,
    fails,
    grpc_collector,
    hangs,
    rejects,
    resets,
)

RESOURCE = {"service.name": "test"}


class Pipe:
    """A worker and what feeds it."""

    def __init__(self, make_exporter: Callable[[], Exporter], **options: Any) -> None:
        self.buffer = RingBuffer(options.pop("capacity", 10_000))
        settings = {"batch_size": 512, "interval_s": 60.0, "timeout_s": 10.0, "retry_bytes": 2**20}
        self.worker = Worker(
            self.buffer, make_exporter, RESOURCE, ("axonize", "1"), **{**settings, **options}
        )

    def push(self, *names: str, **attributes: object) -> None:
        for name in names:
            span = Span(name, attributes)
            span.end()
            self.buffer.push(span)


class Away(MemoryExporter):
    """Does not reach its collector as long as `away` is true."""

    def __init__(self) -> None:
        super().__init__()
        self.away, self.attempts = True, 0

    def send(self, request: bytes, timeout_s: float) -> Receipt:
        self.attempts += 1
        if self.away:
            raise Retryable("away")
        return super().send(request, timeout_s)


@contextmanager
def pipe(exporter: Exporter, **options: Any) -> Iterator[Pipe]:
    pipe = Pipe(lambda: exporter, **options)
    pipe.worker.start()
    yield pipe
    pipe.worker.stop(60.0)


def over_grpc(collector: Collector) -> GRPCExporter:
    return GRPCExporter(parse_endpoint(collector.address), {})


def over_http(collector: Collector) -> HTTPExporter:
    return HTTPExporter(parse_endpoint(collector.url), {})


def wait_for(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def dropped(pipe: Pipe) -> dict[str, int]:
    return {reason: spans for reason, spans in pipe.worker.delivery.dropped.items() if spans}


def test_flush_sends_everything_in_one_request(collector: Collector) -> None:
    with pipe(over_grpc(collector)) as way:
        way.push(*[f"span {number}" for number in range(200)])
        assert way.worker.flush(120)
        assert collector.names == [f"span {number}" for number in range(200)]
    (request,) = collector.requests
    (resource_spans,) = request.resource_spans
    (scope_spans,) = resource_spans.scope_spans
    attributes = {each.key: each.value.string_value for each in resource_spans.resource.attributes}
    assert attributes == RESOURCE
    assert (scope_spans.scope.name, scope_spans.scope.version) == ("axonize", "1")
    assert way.worker.delivery.exported == 200


def test_flush_of_nothing() -> None:
    exporter = MemoryExporter()
    with pipe(exporter) as way:
        assert way.worker.flush(120)
    assert exporter.requests == []
    assert Pipe(lambda: exporter).worker.flush(0)


def test_interval_sends_without_flush(web_collector: Collector) -> None:
    with pipe(over_http(web_collector), interval_s=0.05) as way:
        way.push("a")
        web_collector.wait_for(lambda: web_collector.names == ["a"])
        way.push("b")
        web_collector.wait_for(lambda: web_collector.names == ["a", "b"])


def test_what_hurries_is_sent_before_the_interval(web_collector: Collector) -> None:
    with pipe(over_http(web_collector), interval_s=60.0) as way:
        for name in "ab":
            way.push(name)
            way.worker.send_within(0.05)
            way.worker.send_within(30)  # later than what was asked for already
            web_collector.wait_for(lambda name=name: web_collector.names[-1:] == [name])
        assert web_collector.names == ["a", "b"]


def test_wake_sends_full_batches_only(web_collector: Collector) -> None:
    with pipe(over_http(web_collector), batch_size=10) as way:
        way.push(*["x"] * 9)
        way.worker.wake()
        way.push("x")
        way.worker.wake()
        way.worker.wake()
        web_collector.wait_for(lambda: len(web_collector.names) == 10)


def test_large_requests_are_cut(collector: Collector) -> None:
    with pipe(over_grpc(collector), retry_bytes=2**26) as way:
        way.push(*[str(number) for number in range(300)], text="x" * 20_000)
        assert way.worker.flush(120)
    assert collector.names == [str(number) for number in range(300)]
    sizes = [request.ByteSize() for request in collector.requests]
    assert len(sizes) == 3
    assert max(sizes) < 4 * 1024 * 1024


def test_tries_again_after_unavailable(collector: Collector) -> None:
    unavailable = fails(grpc.StatusCode.UNAVAILABLE, retry_after_s=0.01)
    collector.answers += [unavailable] * 3
    with pipe(over_grpc(collector)) as way:
        way.push("a", "b")
        assert way.worker.flush(120)
    assert (collector.attempts, collector.names) == (4, ["a", "b"])
    assert dropped(way) == {}


def test_honours_what_the_collector_asks(collector: Collector, web_collector: Collector) -> None:
    collector.answers.append(fails(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_s=0.3))
    web_collector.answers.append(Reply(503, {"retry-after": "1"}))
    for exporter, waited_s in ((over_grpc(collector), 0.3), (over_http(web_collector), 1.0)):
        with pipe(exporter) as way:
            way.push("a")
            began = time.monotonic()
            assert way.worker.flush(120)
            assert time.monotonic() - began >= waited_s
    assert collector.names == web_collector.names == ["a"]


def test_a_reset_connection_is_tried_again(web_collector: Collector) -> None:
    web_collector.answers.append(resets)
    with pipe(over_http(web_collector)) as way:
        way.push("a")
        assert way.worker.flush(120)
    assert web_collector.names == ["a"]


def test_rejected_spans_make_flush_false(collector: Collector, web_collector: Collector) -> None:
    collector.answers += [rejects(1, "bad"), fails(grpc.StatusCode.INVALID_ARGUMENT)]
    web_collector.answers.append(Reply(400))
    with pipe(over_grpc(collector)) as way:
        way.push("a", "b")
        assert not way.worker.flush(120)
        way.push("c")
        assert not way.worker.flush(120)
        assert dropped(way) == {"rejected": 2}
        way.push("d")
        assert way.worker.flush(120)
    with pipe(over_http(web_collector)) as way:
        way.push("e")
        assert not way.worker.flush(120)
        assert dropped(way) == {"rejected": 1}


def test_flush_gives_up_in_time_and_may_be_called_again(collector: Collector) -> None:
    collector.answers += [hangs(released := threading.Event())]
    with pipe(over_grpc(collector), timeout_s=30.0) as way:
        way.push("a")
        assert not way.worker.flush(0.1)
        released.set()
        collector.wait_for(lambda: collector.attempts == 1)
        way.push("b")
        way.worker.flush(120)
        assert collector.names == ["b"]
    assert dropped(way) == {"rejected": 1}


def test_collector_that_comes_back() -> None:
    port = free_port()
    with grpc_collector(port=port) as first:
        pass
    with pipe(over_grpc(first)) as way:
        way.push("a")
        assert not way.worker.flush(0.5)
        with grpc_collector(port=port) as second:
            way.push("b")
            give_up = time.monotonic() + 120
            while not way.worker.flush(1) and time.monotonic() < give_up:
                pass
            assert second.names == ["a", "b"]
    assert dropped(way) == {}


def test_memory_is_bounded_while_the_collector_is_away() -> None:
    with grpc_collector() as gone:
        pass
    with pipe(over_grpc(gone), capacity=100, retry_bytes=10_000, batch_size=10) as way:
        way.push(*["x"] * 10, text="y" * 100)
        wait_for(lambda: way.worker.flush(0.01) or len(way.worker.delivery) > 0)
        for _ in range(49):
            way.push(*["x"] * 10, text="y" * 100)
            way.worker.flush(0.01)
        assert len(way.buffer) == 100
        assert way.buffer.dropped + len(way.buffer) < 500
        waiting = 500 - way.buffer.dropped
    assert dropped(way) == {"exit": waiting}


def test_stop_sends_what_waits(collector: Collector) -> None:
    way = Pipe(lambda: over_grpc(collector))
    way.push("a")
    way.worker.start()
    way.worker.stop(120)
    assert collector.names == ["a"]
    way.worker.start()
    way.worker.stop(0)
    assert not way.worker.flush(0.1) or not len(way.buffer)


def test_stop_tries_again_a_collector_that_answers(collector: Collector) -> None:
    with pipe(over_grpc(collector)) as way:
        collector.answers += [fails(grpc.StatusCode.UNAVAILABLE, retry_after_s=0.01)] * 2
        way.push("a")
    assert collector.names == ["a"]


def test_stop_interrupts_a_request(collector: Collector) -> None:
    collector.answers += [hangs(released := threading.Event())]
    way = Pipe(lambda: over_grpc(collector), timeout_s=600.0)
    way.worker.start()
    way.push("a")
    assert not way.worker.flush(0.1)
    collector.wait_for(lambda: collector.attempts == 1)
    way.worker.stop(0.1)
    released.set()
    assert dropped(way) == {"exit": 1}


def test_pause_waits_or_interrupts(collector: Collector) -> None:
    collector.answers += [hangs(released := threading.Event())]
    with pipe(over_grpc(collector), timeout_s=600.0) as way:
        assert way.worker.pause()
        way.worker.resume()
        way.push("a")
        assert not way.worker.flush(0.1)
        collector.wait_for(lambda: collector.attempts == 1)
        assert way.worker.pause()
        way.worker.resume()
        released.set()
        assert way.worker.flush(120)
    assert collector.names == ["a"]


def test_flush_waits_for_every_span_that_ended_before(collector: Collector) -> None:
    """Several threads end spans and flush; each finds its own span acknowledged."""
    missing: list[str] = []
    with pipe(over_grpc(collector), batch_size=16) as way:

        def work(thread: int) -> None:
            for number in range(20):
                name = f"{thread}-{number}"
                way.push(name)
                if not way.worker.flush(120) or name not in collector.names:
                    missing.append(name)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert missing == []
    assert len(collector.names) == 80


def test_an_exporter_that_cannot_be_made(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "strict", False)

    def make() -> Exporter:
        raise ImportError("no transport")

    way = Pipe(make)
    way.worker.start()
    way.push("a")
    assert not way.worker.flush(120)
    way.worker.stop(5)
    assert dropped(way) == {"failed": 1}
    assert len(caplog.messages) == 1


def test_overflow_is_said_once(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    way = Pipe(lambda: over_grpc(collector), capacity=5)
    way.push(*["a"] * 8)
    for _ in range(2):
        assert way.worker.flush(120)
    way.worker.stop(5)
    assert collector.names == ["a"] * 5
    assert caplog.messages == ["spans lost: 3 (buffer full: raise buffer_size)"]


def test_ticks(collector: Collector) -> None:
    ticks: list[float] = []
    with pipe(over_grpc(collector), interval_s=0.01, tick=lambda: ticks.append(time.monotonic())):
        give_up = time.monotonic() + 120
        while len(ticks) < 3 and time.monotonic() < give_up:
            time.sleep(0.01)
    assert len(ticks) >= 4


def test_spans_that_are_due_go_along_and_never_more_than_fit(collector: Collector) -> None:
    left = 40

    def settle() -> bool:
        nonlocal left
        way.push(*["due"] * 2)
        left -= 2
        return left > 0

    with pipe(over_grpc(collector), capacity=10, settle=settle) as way:
        assert way.worker.flush(120)
        assert left <= 0
    assert dropped(way) == {}
    assert collector.names[:40] == ["due"] * 40


def test_what_is_due_does_not_wait_for_a_collector_that_is_away() -> None:
    left, over = 40, threading.Event()

    def settle() -> bool:
        nonlocal left
        way.push("due")
        left = max(0, left - 1)
        if not left:
            over.set()
        return left > 0

    with grpc_collector() as gone:
        pass
    with pipe(over_grpc(gone), settle=settle, capacity=10, retry_bytes=1) as way:
        way.worker.send_within(0.0)
        give_up = time.monotonic() + 120
        while way.worker.delivery.has_room and time.monotonic() < give_up:
            time.sleep(0.01)
        assert 0 < left < 40
        way.worker.send_within(0.0)
        assert over.wait(120)


def test_records_without_end_hold_up_neither_attempts_nor_ticks_nor_flushes() -> None:
    endless = threading.Event()
    ticks: list[bool] = []

    def settle() -> bool:
        time.sleep(0.001)
        return endless.is_set()

    exporter = Away()
    options = {"interval_s": 0.05, "retry_bytes": 1, "settle": settle}
    with pipe(exporter, **options, tick=lambda: ticks.append(exporter.away)) as way:
        endless.set()
        try:
            way.push("a")
            wait_for(lambda: not way.worker.delivery.has_room)
            wait_for(lambda: ticks[-2:] == [True, True])
            exporter.away = False
            wait_for(lambda: way.worker.delivery.exported == 1)
            way.push("b")
            assert way.worker.flush(120)
            wait_for(lambda: ticks[-1] is False)
        finally:
            endless.clear()


def test_a_flush_without_room_is_not_tried_without_a_pause() -> None:
    exporter = Away()
    with pipe(exporter, retry_bytes=1) as way:
        for _ in range(2):
            way.push(*["a"] * 3)
            assert not way.worker.flush(0.05)
        before = exporter.attempts
        time.sleep(0.3)
        assert exporter.attempts - before < 10
        exporter.away = False
    assert dropped(way) == {}


def test_records_that_wait_at_the_exit_are_made_and_sent() -> None:
    left = ["a", "b", "c"]

    def settle() -> bool:
        if left:
            way.push(left.pop())
        return bool(left)

    way = Pipe(MemoryExporter, settle=settle)
    way.worker.start()
    way.worker.stop(120)
    assert way.worker.delivery.exported == 3


@pytest.mark.parametrize("under_way", [False, True])
def test_records_without_end_leave_time_to_send_at_the_exit(under_way: bool) -> None:
    called = threading.Event()

    def settle() -> bool:
        called.set()
        time.sleep(0.001)
        return True

    way = Pipe(MemoryExporter, settle=settle)
    way.push("a")
    way.worker.start()
    if under_way:
        way.worker.send_within(0.0)
        assert called.wait(120)
    way.worker.stop(2.0)
    assert way.worker.delivery.exported == 1
