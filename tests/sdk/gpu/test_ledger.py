"""Time and joules of steps and of rests are all that there was, whatever the steps were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from axonize.gpu.backend import DiscoveredGPU, Reading
from axonize.gpu.energy import Meter, Metered
from axonize.gpu.ledger import Charge, Ledger

S = 10**9
GPUS = [
    DiscoveredGPU(f"GPU-{number}", f"GPU-{number}", number, "NVIDIA H100", "NVIDIA", "n", 0)
    for number in range(2)
]


def meter(used: list[tuple[int, int]]) -> Meter:
    """Return the meter of two GPUs with a reading each second, of mJ used since the one before."""
    found, sums = Meter(["cuda:0", "cuda:1"], {}), [1000, 7]
    for second, gains in enumerate([(0, 0), *used]):
        sums = [before + gained for before, gained in zip(sums, gains, strict=True)]
        found.note(
            [
                Metered(gpu, Reading(), counter, second * S)
                for gpu, counter in zip(GPUS, sums, strict=True)
            ],
            None,
        )
    return found


USED = st.lists(
    st.tuples(st.integers(0, 700_000), st.integers(0, 700_000)), min_size=10, max_size=10
)
STEPS = st.lists(st.tuples(st.integers(0, 10 * S), st.integers(0, S)), max_size=20)


@given(USED, STEPS, st.sets(st.integers(0, 10 * S), max_size=5))
def test_busy_and_idle_are_all_of_the_time_and_all_of_the_joules(used, steps, rests) -> None:
    ledger = Ledger(meter(used), 0)
    ends = sorted(
        [(min(begin + took, 10 * S), begin) for begin, took in steps]
        + [(at, at) for at in rests]
        + [(10 * S, 10 * S)]
    )
    charges = [ledger.charge(begin, end) for end, begin in ends]
    assert sum(each.busy_ns + each.idle_ns for each in charges) == 10 * S
    joules = [(each.energy_uj or 0) + (each.idle_uj or 0) for each in charges]
    assert sum(joules) == 1000 * sum(map(sum, used))
    assert min(min(each.busy_ns, each.idle_ns) for each in charges) >= 0
    assert min(joules) >= 0


def test_a_step_has_its_own_and_what_was_before_it_is_idle() -> None:
    ledger = Ledger(meter([(1000, 0)] * 10), 0)
    assert ledger.charge(2 * S, 3 * S) == Charge(S, 1_000_000, 2 * S, 2_000_000)
    assert ledger.charge(2 * S, 5 * S) == Charge(2 * S, 2_000_000, 0, 0)
    assert ledger.rest(6 * S) == Charge(0, 0, S, 1_000_000)
    assert ledger.rest(4 * S) == Charge(0, 0, 0, 0), "that was charged already"


def test_without_a_reading_the_joules_are_not_known_and_the_time_is() -> None:
    assert Ledger(None, 0).charge(S, 3 * S) == Charge(2 * S, None, S, None)
    assert Ledger(Meter(["cuda:0"], {}), 0).charge(S, 3 * S) == Charge(2 * S, None, S, None)
