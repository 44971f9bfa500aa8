"""Energy at any moment, from a counter or from power, and what steps are charged."""

from __future__ import annotations

from axonize.gpu.backend import DiscoveredGPU, MIGInstance, Reading
from axonize.gpu.energy import Curve, Meter, Metered

S = 10**9
H100 = DiscoveredGPU("GPU-1", "GPU-1", 0, "NVIDIA H100 80GB HBM3", "NVIDIA", "n", 0)
A100 = DiscoveredGPU("GPU-2", "GPU-2", 1, "NVIDIA A100", "NVIDIA", "n", 0)
PART = DiscoveredGPU(
    "MIG-1", "GPU-1", 0, H100.model, "NVIDIA", "n", 0, mig=MIGInstance("1g", 1, 0, 0.25)
)


def test_a_counter_grows_evenly_and_goes_on_for_a_while() -> None:
    curve = Curve()
    curve.note(S, 1000, 350.0)
    assert curve.at(S) is None, "one reading says nothing of the time after it"
    curve.note(2 * S, 1100, 350.0)
    assert curve.has_counter
    assert [curve.at(round(at * S)) for at in (0.9, 1, 1.5, 2, 2.5, 3, 3.1)] == [
        *(None, 0, 50_000, 100_000, 150_000, 200_000),
        None,
    ]


def test_a_counter_that_was_reset_or_fails_once_invents_nothing() -> None:
    curve = Curve()
    for at, counter in ((1, 1000), (2, 1100), (3, 7), (4, None), (4, 9), (4, 20), (5, 10)):
        curve.note(at * S, counter, 350.0)
    assert [curve.at(at * S) for at in (2, 3, 4, 5)] == [100_000, 100_000, 102_000, 103_000]


def test_power_is_integrated_by_trapezoids() -> None:
    curve = Curve()
    for at, watts in ((1, 100.0), (2, 300.0), (3, None), (4, 300.0)):
        curve.note(at * S, None, watts)
    assert not curve.has_counter
    assert [curve.at(at * S) for at in (1, 2, 4)] == [0, 200 * 10**6, 800 * 10**6]


def metered(seconds: int, *gpus: DiscoveredGPU, watts: float = 100.0) -> list[Metered]:
    return [
        Metered(gpu, Reading(power_watts=watts), None if gpu.mig else seconds * 1000, seconds * S)
        for gpu in gpus
    ]


def test_a_step_has_the_energy_of_all_gpus() -> None:
    meter = Meter(["cuda:0", "cuda:1"], {"h100": 2.0, "H100 80GB": 3.0, "A100": 1.0})
    assert (meter.charge(0, S), meter.usd_per_hour) == (None, None)
    for second in range(3):
        meter.note(metered(second, H100, A100), None)
    assert [meter.charge(S // 2, S), meter.charge(S // 2, 2 * S)] == [1_000_000, 2_000_000]
    assert (meter.source, meter.usd_per_hour) == ("counter", 4.0)
    assert meter.charge(9 * S, 10 * S) is None, "there is no reading of that time"


def test_half_of_the_gpus_is_no_answer() -> None:
    meter = Meter(["cuda:0", "cuda:1"], {"H100": 2.0})
    for second in range(3):
        meter.note(metered(second, H100), None)
    assert (meter.charge(0, S), meter.usd_per_hour) == (None, None)


def test_without_a_price_for_each_there_is_no_cost() -> None:
    meter = Meter(["cuda:0", "cuda:1"], {"H100": 2.0})
    meter.note(metered(1, H100, A100), None)
    assert meter.usd_per_hour is None


def test_an_instance_is_estimated_and_costs_its_part() -> None:
    meter = Meter(["cuda:0"], {"H100": 2.0})
    for second in range(3):
        meter.note(metered(second, H100, PART), "MIG-1")
    assert meter.charge(0, S) == 100 * 10**6
    assert (meter.source, meter.usd_per_hour) == ("estimated", 0.5)


def test_power_says_so() -> None:
    meter = Meter(["cuda:0"], {})
    for second in range(2):
        meter.note([Metered(A100, Reading(power_watts=10.0), None, second * S)], None)
    assert (meter.charge(0, S), meter.source) == (10 * 10**6, "power")
