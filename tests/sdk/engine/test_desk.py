"""What calls have of a GPU and what is idle are all of its time and of its joules."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from axonize.engine.desk import Desk, Part
from axonize.gpu.backend import DiscoveredGPU, Reading
from axonize.gpu.energy import Meter, Metered

S = 10**9
H100 = DiscoveredGPU("GPU-a", "GPU-a", 0, "NVIDIA H100", "NVIDIA", "n", 0)


def metered(gained: list[int]) -> Meter:
    """Return the meter of one GPU with a reading each second, of mJ used since the one before."""
    meter, counter = Meter(["cuda:0"], {}), 1000
    for second, gain in enumerate([0, *gained]):
        counter += gain
        meter.note([Metered(H100, Reading(), counter, second * S)], None)
    return meter


class Had(NamedTuple):
    """What a call had, or what was idle."""

    time: Fraction
    energy: Fraction
    unmeasured: Fraction


def exact(part: Part) -> Had:
    return Had(*part.exact())


def account(meter: Meter | None, calls: list[tuple[int, int]], until: int) -> tuple[list[Had], Had]:
    """Return what calls, from and to a moment, had of ten seconds, and what was idle."""
    desk, parts = Desk(meter, 0), [Part() for _ in calls]
    events = sorted(
        [(begin, 1, number) for number, (begin, _) in enumerate(calls)]
        + [(end, 2, number) for number, (_, end) in enumerate(calls)]
    )
    since = {}
    for at, what, number in events:
        if what == 1:
            since[number] = desk.began(at)
        else:
            desk.ended(at)
            desk.share(since[number], parts[number])
    desk.settle(until)
    return [exact(part) for part in parts], exact(desk.idle)


CALLS = st.lists(
    st.tuples(st.integers(0, 10 * S), st.integers(0, 3 * S)).map(
        lambda call: (call[0], min(10 * S, call[0] + call[1]))
    ),
    max_size=12,
)
USED = st.lists(st.integers(0, 700_000), min_size=10, max_size=10)


@given(USED, CALLS)
def test_calls_and_idle_are_all_of_the_time_and_all_of_the_joules(used, calls) -> None:
    had, idle = account(metered(used), calls, 10 * S)
    assert sum(sum((each.time, each.unmeasured)) for each in [*had, idle]) == 10 * S
    assert sum(each.energy for each in [*had, idle]) == 1000 * sum(used)
    assert all(min(each) >= 0 for each in [*had, idle])
    assert all(each.unmeasured == 0 for each in had)


@given(USED, CALLS.flatmap(lambda calls: st.tuples(st.just(calls), st.permutations(calls))))
def test_the_order_in_which_calls_are_listed_changes_nothing(used, pair) -> None:
    (had, idle), (other, other_idle) = [account(metered(used), calls, 10 * S) for calls in pair]
    assert sorted(had) == sorted(other)
    assert idle == other_idle


@given(CALLS, st.lists(st.integers(0, 10 * S), max_size=5))
def test_what_is_taken_in_between_changes_nothing(calls, moments) -> None:
    desk, whole, pieces = Desk(None, 0), Part(), Part()
    first = since = desk.began(0)
    for at in sorted([*moments, *(begin for begin, _ in calls)]):
        desk.settle(at)
        since = desk.share(since, pieces)
    desk.ended(10 * S)
    desk.share(first, whole)
    desk.share(since, pieces)
    assert exact(pieces) == exact(whole) == Had(Fraction(0), Fraction(0), Fraction(10 * S))


def test_each_instant_is_shared_equally_by_those_that_are_under_way() -> None:
    used = [1000] * 10
    (one, other), idle = account(metered(used), [(S, 5 * S), (3 * S, 6 * S)], 10 * S)
    assert one == Had(3 * S, 3_000_000, 0), "two seconds alone, and half of two"
    assert other == Had(2 * S, 2_000_000, 0)
    assert idle == Had(5 * S, 5_000_000, 0)


def test_time_of_which_no_joules_are_known_is_told_apart() -> None:
    had, idle = account(None, [(S, 3 * S)], 4 * S)
    assert had == [Had(0, 0, 2 * S)]
    assert idle == Had(0, 0, 2 * S)


def test_what_comes_after_the_account_is_closed_is_somebody_elses() -> None:
    desk, part = Desk(None, 0), Part()
    since = desk.began(S)
    desk.close(3 * S)
    desk.ended(9 * S)
    desk.share(since, part)
    assert exact(part).unmeasured == 2 * S
    assert exact(desk.idle).unmeasured == S
