"""The rule: what requests have and what was idle is what there was, exactly."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from axonize.gpu.attribution import Account, Share
from axonize.gpu.energy import Curve


class Step(NamedTuple):
    begin: int
    end: int
    tokens: dict[str, int]


@st.composite
def runs(draw: st.DrawFn) -> list[Step]:
    """Steps in the order in which they end; they may overlap, and the clock may stand still."""
    numbers = st.integers(0, 10**12)
    tokens = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9_000), min_size=1)
    pairs = draw(st.lists(st.tuples(numbers, numbers, tokens), max_size=20))
    steps = [Step(min(a, b), max(a, b), split) for a, b, split in pairs]
    return sorted(steps, key=lambda step: step.end)


def share(steps: list[Step], charged: list[int]) -> dict[str, Share]:
    shares: dict[str, Share] = {}
    for step, amount in zip(steps, charged, strict=True):
        for request, tokens in step.tokens.items():
            total = sum(step.tokens.values())
            shares.setdefault(request, Share()).add(amount, tokens, total)
    return shares


def exact_sum(shares: dict[str, Share]) -> Fraction:
    return sum((each.exact() for each in shares.values()), Fraction())


@given(runs(), st.integers(1, 16))
def test_gpu_seconds_and_idle_are_wall_time_times_gpus(steps: list[Step], gpus: int) -> None:
    wall = 10**12
    account = Account(0)
    shares = share(steps, [account.charge(step.begin, step.end) for step in steps])
    account.close(wall)
    assert (exact_sum(shares) + account.idle) * gpus == wall * gpus
    assert account.idle >= 0
    for each in shares.values():
        assert each.exact() >= 0
        assert math.isclose(float(each), each.exact(), rel_tol=1e-15)


@given(runs(), st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_joules_and_idle_are_what_the_counter_gained(steps: list[Step], gained: list[int]) -> None:
    curve, counter = Curve(), 5_000
    times = [10**12 * n // len(gained) for n in range(len(gained) + 1)]
    for time_ns, more in zip(times, [0, *gained], strict=True):
        counter += more
        curve.note(time_ns, counter, None)
    first, last = curve.at(0), curve.at(10**12)
    assert (first, last) == (0, sum(gained) * 1000)
    account = Account(0)
    charged = []
    for step in steps:
        begin, end = curve.at(step.begin), curve.at(step.end)
        assert begin is not None
        assert end is not None
        charged.append(account.charge(begin, end))
    account.close(sum(gained) * 1000)
    shares = share(steps, charged)
    assert exact_sum(shares) + account.idle == sum(gained) * 1000
    assert min([account.idle, *charged]) >= 0
    assert all(math.isfinite(float(each)) for each in shares.values())


@given(runs(), st.randoms(use_true_random=False))
def test_the_order_of_requests_and_of_additions_is_nothing(
    steps: list[Step], order: random.Random
) -> None:
    def charge(steps: list[Step]) -> list[int]:
        account = Account(0)
        return [account.charge(step.begin, step.end) for step in steps]

    charged = charge(steps)
    turned = []
    for step in steps:
        entries = list(step.tokens.items())
        order.shuffle(entries)
        turned.append(step._replace(tokens=dict(entries)))
    both = list(zip(turned, charge(turned), strict=True))
    order.shuffle(both)
    before = share(steps, charged)
    after = share([step for step, _ in both], [amount for _, amount in both])
    assert {each: found.exact() for each, found in before.items()} == {
        each: found.exact() for each, found in after.items()
    }


def test_a_guess_that_was_too_high_is_paid_by_the_steps_after() -> None:
    account = Account(0)
    assert [account.charge(0, 100), account.charge(90, 130), account.charge(140, 150)] == [
        100,
        30,
        10,
    ]
    account.close(150)
    assert account.idle == 10
