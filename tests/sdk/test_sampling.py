"""Sampling: a share by id, always the errors and the slow, traces kept or lost as a whole."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from axonize.sampling import Sampler, head_bound
from axonize.spans import ROOT
from axonize.speed import RingBuffer, Span, configure, set_test_source

MILLISECOND = 1_000_000
SLOW_NS = 5 * MILLISECOND


class Clock:
    """A clock that stands still until it is told to move on."""

    def __init__(self) -> None:
        self.now = 1_000_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def buffer() -> Iterator[RingBuffer]:
    yield RingBuffer(1000)
    configure(None)
    set_test_source(None, None)


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    set_test_source(clock, None)
    return clock


def tail_sampled(buffer: RingBuffer, capacity: int = 100, errors: bool = True) -> Sampler:
    sampler = Sampler(buffer.push, errors=errors, slow_ns=SLOW_NS, capacity=capacity)
    configure(buffer, sampling_bound=0, pending=sampler.begin)
    return sampler


def names(buffer: RingBuffer) -> list[str]:
    return [span.name for span in buffer.drain(1000)]


def test_head_bound() -> None:
    assert (head_bound(0.0), head_bound(0.5), head_bound(1.0)) == (0, 2**63, 2**64)


def test_head_rate_keeps_a_share_of_whole_traces(buffer: RingBuffer) -> None:
    configure(buffer, sampling_bound=head_bound(0.25))
    for _ in range(2000):
        with Span("root"), Span("child"):
            pass
    kept = buffer.drain(1000)
    roots = {span.trace_id for span in kept if span.name == "root"}
    children = {span.trace_id for span in kept if span.name == "child"}
    assert roots == children
    assert 350 < len(roots) <= 500
    assert all(int(trace_id[16:], 16) < 2**62 for trace_id in roots)


def test_uneventful_trace_is_lost(buffer: RingBuffer, clock: Clock) -> None:
    tail_sampled(buffer)
    with Span("root"), Span("child"):
        clock.now += SLOW_NS - 1
    assert names(buffer) == []


def test_error_keeps_the_whole_trace(buffer: RingBuffer, clock: Clock) -> None:
    tail_sampled(buffer)
    with Span("root"):
        with Span("before"):
            pass
        with Span("failing") as failing:
            failing.set_status("error", "broken")
        with Span("after"):
            pass
    assert names(buffer) == ["before", "failing", "after", "root"]


def test_slow_child_keeps_the_whole_trace(buffer: RingBuffer, clock: Clock) -> None:
    tail_sampled(buffer)
    with Span("root"), Span("slow"):
        with Span("quick"):
            pass
        clock.now += SLOW_NS
    assert names(buffer) == ["quick", "slow", "root"]


def test_errors_alone_may_be_no_reason(buffer: RingBuffer, clock: Clock) -> None:
    tail_sampled(buffer, errors=False)
    with Span("root") as root:
        root.set_status("error")
    assert names(buffer) == []


@pytest.mark.parametrize("failed", [True, False])
def test_late_children_follow_the_decision(buffer: RingBuffer, clock: Clock, failed: bool) -> None:
    tail_sampled(buffer)
    with Span("root") as root:
        late = Span("late")
        if failed:
            root.set_status("error")
    late.set_status("error")
    late.end()
    assert names(buffer) == (["root", "late"] if failed else [])


def test_remote_parent_has_a_local_root(buffer: RingBuffer, clock: Clock) -> None:
    tail_sampled(buffer)
    remote = Span("elsewhere", parent=ROOT)
    from axonize.propagation import extract, inject

    with Span("server", parent=extract(inject(remote))), Span("child") as child:
        child.set_status("error")
    assert names(buffer) == ["child", "server"]


def test_traces_that_wait_are_bounded(buffer: RingBuffer, clock: Clock) -> None:
    sampler = tail_sampled(buffer, capacity=10)
    with Span("large", parent=ROOT) as large:
        for _ in range(20):
            Span("child").end()
        assert sampler.given_up == 20
        with Span("small", parent=ROOT) as small:
            Span("child").end()
            small.set_status("error")
        large.set_status("error")
    assert names(buffer) == ["child", "small"]
    assert sampler.given_up == 21


def test_a_root_that_is_never_ended_gives_its_room_back(buffer: RingBuffer, clock: Clock) -> None:
    sampler = tail_sampled(buffer, capacity=10)
    for _ in range(5):
        root = Span("forgotten", parent=ROOT)
        for _ in range(8):
            Span("child", parent=root).end()
        del root
        gc.collect()
    assert sampler.given_up == 0


def test_threads_lose_nothing(buffer: RingBuffer, clock: Clock) -> None:
    tail_sampled(buffer, capacity=10_000)

    def work(root: Span) -> None:
        for index in range(100):
            with Span("child", parent=root) as child:
                if index == 50:
                    child.set_status("error")

    with Span("root", parent=ROOT) as root:
        threads = [threading.Thread(target=work, args=(root,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(names(buffer)) == ["child"] * 400 + ["root"]
