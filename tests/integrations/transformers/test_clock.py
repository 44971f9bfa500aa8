"""Latencies from the times of the tokens."""

from __future__ import annotations

import pytest

from axonize.integrations.transformers import clock
from axonize.integrations.transformers.clock import TokenClock


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> TokenClock:
    """A clock begun at 0 that ticks at 5, 10, 12, 15 and 25 ms."""
    times = iter(milliseconds * 1_000_000 for milliseconds in (0, 5, 10, 12, 15, 25))
    monkeypatch.setattr(clock.time, "monotonic_ns", lambda: next(times))
    return TokenClock()


def test_latencies_of_four_tokens(ticking: TokenClock) -> None:
    for _ in range(5):
        ticking.tick()
    assert ticking.latency(4) == {
        "axonize.generation.steps": 4,
        "axonize.ttft_ms": 10.0,
        "gen_ai.response.time_to_first_chunk": 0.01,
        "axonize.tpot_ms": 5.0,
        "axonize.itl.p50_ms": 3.0,
        "axonize.itl.p99_ms": 10.0,
        "axonize.itl.max_ms": 10.0,
    }


def test_several_tokens_in_a_step_share_its_time(ticking: TokenClock) -> None:
    for _ in range(5):
        ticking.tick()
    assert ticking.latency(16)["axonize.tpot_ms"] == 1.0


def test_before_the_first_token_there_is_no_latency(ticking: TokenClock) -> None:
    assert ticking.latency(None) == {}
    ticking.tick()
    assert (ticking.latency(None), ticking.steps) == ({}, 0)
