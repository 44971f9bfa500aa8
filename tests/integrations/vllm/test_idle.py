"""The thread that has an engine record its rests, until the engine is gone or is over."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import pytest

from axonize.integrations.vllm import idle


class Resting:
    """Counts its rests."""

    def __init__(self) -> None:
        self.rests: list[int] = []

    def rest(self, until: int) -> None:
        self.rests.append(until)


def wait_for(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.005)


def watching() -> int:
    return sum(thread.name == "axonize-idle" for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for(lambda: watching() == 0)
    monkeypatch.setattr(idle, "EVERY_S", 0.005)


def test_an_engine_rests_up_to_a_while_ago_until_it_is_over() -> None:
    engine, began = Resting(), time.monotonic_ns()
    over = idle.watch(engine)
    wait_for(lambda: len(engine.rests) > 3)
    rests = list(engine.rests)  # it goes on
    assert rests == sorted(rests)
    assert rests[0] > began - idle.SETTLED_NS
    assert rests[-1] < time.monotonic_ns() - idle.SETTLED_NS
    over.set()
    wait_for(lambda: watching() == 0)


def test_the_thread_ends_with_the_engine() -> None:
    engine = Resting()
    rests = engine.rests
    idle.watch(engine)
    wait_for(lambda: rests)
    del engine
    gc.collect()
    wait_for(lambda: watching() == 0)
