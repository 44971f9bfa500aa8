from __future__ import annotations

import threading
from typing import Any

import pytest


def test_items_come_out_in_the_order_they_went_in(core: Any) -> None:
    buffer = core.RingBuffer(8)
    assert [buffer.push(n) for n in range(5)] == [True] * 5
    assert (len(buffer), buffer.drain(2), buffer.drain(10), buffer.drain(1)) == (
        5,
        [0, 1],
        [2, 3, 4],
        [],
    )


@pytest.mark.parametrize("capacity", [1, 2, 3, 5, 8])
def test_full_refuses_the_newest_and_counts_it(core: Any, capacity: int) -> None:
    buffer = core.RingBuffer(capacity)
    assert [buffer.push(n) for n in range(capacity + 2)] == [True] * capacity + [False] * 2
    assert (len(buffer), buffer.capacity, buffer.dropped) == (capacity, capacity, 2)
    assert buffer.drain(100) == list(range(capacity))
    assert buffer.push("again")


def test_goes_round_many_times(core: Any) -> None:
    buffer = core.RingBuffer(3)
    seen = []
    for n in range(100):
        buffer.push(n)
        seen += buffer.drain(1 + n % 2)
    assert seen + buffer.drain(3) == list(range(100))


def test_clear_empties_but_keeps_the_count_of_drops(core: Any) -> None:
    buffer = core.RingBuffer(1)
    buffer.push(1)
    buffer.push(2)
    buffer.clear()
    assert (len(buffer), buffer.drain(5), buffer.dropped) == (0, [], 1)


@pytest.mark.parametrize("capacity", [0, -1])
def test_capacity_must_be_positive(core: Any, capacity: int) -> None:
    with pytest.raises(ValueError, match="capacity must be at least 1"):
        core.RingBuffer(capacity)


def test_many_threads_lose_and_repeat_nothing(core: Any) -> None:
    buffer = core.RingBuffer(64)
    taken: list[Any] = []
    accepted: list[Any] = []
    producing = threading.Event()

    def produce(producer: int) -> None:
        accepted.extend([(producer, n) for n in range(5_000) if buffer.push((producer, n))])

    def consume() -> None:
        while not producing.is_set() or len(buffer):
            assert len(buffer) <= 64
            taken.extend(buffer.drain(16))

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(4)]
    consumers = [threading.Thread(target=consume) for _ in range(2)]
    for thread in producers + consumers:
        thread.start()
    for thread in producers:
        thread.join()
    producing.set()
    for thread in consumers:
        thread.join()
    assert sorted(taken) == sorted(accepted)
    assert buffer.dropped == 4 * 5_000 - len(accepted)
