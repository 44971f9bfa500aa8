"""The phases of a request, from times of the engine's own clock, another clock, or none."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from axonize.integrations.vllm.phases import Times, phases, stats_times, told_times

MS = 1_000_000
S = 1000 * MS
ALL = Times("wall", 20 * MS, 30 * MS, 50 * MS, 80 * MS)


def test_a_complete_request_has_all_of_them() -> None:
    assert phases(0, 10 * MS, ALL, 90 * MS, complete=True) == [
        ("preprocess", 0, 10 * MS),
        ("wait", 10 * MS, 20 * MS),
        ("queue", 20 * MS, 30 * MS),
        ("prefill", 30 * MS, 50 * MS),
        ("decode", 50 * MS, 80 * MS),
        ("delivery", 80 * MS, 90 * MS),
    ]


def test_one_token_needs_no_decoding() -> None:
    found = phases(0, 10, Times("wall", 20, 30, 50, 50), 60, complete=True)
    assert [name for name, _, _ in found] == ["preprocess", "wait", "queue", "prefill", "delivery"]


@pytest.mark.parametrize(
    ("times", "last"),
    [
        (Times("wall"), "wait"),
        (Times("wall", 20), "queue"),
        (Times("wall", 20, 30), "prefill"),
        (Times("wall", 20, 30, 50, 80), "decode"),
    ],
)
def test_a_request_that_is_given_up_ends_in_its_phase(times: Times, last: str) -> None:
    found = phases(0, 10, times, 100, complete=False)
    assert (found[-1][0], found[-1][2]) == (last, 100)


def test_no_phase_runs_backwards() -> None:
    found = phases(0, 25, Times("wall", 20, 30, 50, 80), 70, complete=True)
    assert [(start, end) for _, start, end in found] == [
        (0, 25),
        (25, 25),
        (25, 30),
        (30, 50),
        (50, 70),
        (70, 70),
    ]


def test_the_engine_tells_wall_time() -> None:
    ride = {"queued": 20 * MS, "scheduled": 30 * MS, "first": None, "last": None}
    assert told_times(ride, 10 * MS, 40 * MS) == Times(
        "wall clock of the engine", 20 * MS, 30 * MS, None, None
    )


def test_times_of_another_hosts_clock_are_moved_to_the_end() -> None:
    hour = 3_600_000 * MS
    ride = {"queued": hour, "scheduled": hour + 10, "first": hour + 20, "last": hour + 50}
    assert told_times(ride, 100, 200) == Times("anchored to the end", 150, 160, 170, 200)


def test_statistics_are_in_seconds_of_the_monotonic_clock() -> None:
    now, monotonic = time.time_ns(), time.monotonic_ns()
    stats = SimpleNamespace(
        queued_ts=monotonic / 1e9 - 30,
        scheduled_ts=monotonic / 1e9 - 20,
        first_token_ts=0.0,
        last_token_ts=0.0,
    )
    times = stats_times(stats, now - 40 * S, now)
    assert times.clock == "monotonic clock + offset"
    assert times.queued == pytest.approx(now - 30 * S, abs=S)
    assert times.scheduled == pytest.approx(now - 20 * S, abs=S)
    assert times.first is None
