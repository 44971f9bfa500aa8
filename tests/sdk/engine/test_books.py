"""What a record of an engine says of its GPUs."""

from __future__ import annotations

import pytest

from axonize.engine.books import Books
from axonize.gpu.backend import DiscoveredGPU, Reading
from axonize.gpu.energy import Meter, Metered

S = 10**9
H100 = DiscoveredGPU("GPU-a", "GPU-a", 0, "NVIDIA H100", "NVIDIA", "n", 0)


def metered(*millijoules: int) -> Meter:
    """Return the meter of one GPU with a reading each second."""
    meter = Meter(["cuda:0"], {"H100": 3.6})
    for second, counter in enumerate(millijoules):
        meter.note([Metered(H100, Reading(), counter, second * S)], None)
    return meter


def test_an_engine_on_a_cpu_has_no_gpus_and_says_who_left():
    books = Books(0, None, 0)
    books.left = 2
    assert books.attributes(books.charge(S, 3 * S)) == {
        "axonize.gpu.count": 0,
        "axonize.gpu.seconds": 0.0,
        "axonize.gpu.idle_seconds": 0.0,
        "axonize.step.ended_requests": 2,
    }
    assert "axonize.step.ended_requests" not in books.attributes(books.charge(3 * S, 4 * S))


def test_a_step_and_a_rest_have_all_of_the_time_and_of_the_joules():
    books = Books(1, metered(0, 100_000, 300_000, 400_000), 0)
    same = {
        "axonize.gpu.count": 1,
        "axonize.step.gpu_uuids": ["GPU-a"],
        "axonize.gpu.cost_per_hour_usd": 3.6,
        "axonize.gpu.energy.source": "counter",
    }
    assert books.attributes(books.charge(S, 2 * S)) == {
        **same,
        "axonize.gpu.seconds": 1.0,
        "axonize.gpu.idle_seconds": 1.0,
        "axonize.gpu.energy_j": pytest.approx(200.0),
        "axonize.gpu.idle_energy_j": pytest.approx(100.0),
    }
    assert books.attributes(books.rest(3 * S)) == {
        **same,
        "axonize.gpu.seconds": 0.0,
        "axonize.gpu.idle_seconds": 1.0,
        "axonize.gpu.energy_j": 0.0,
        "axonize.gpu.idle_energy_j": pytest.approx(100.0),
    }
