"""A sample under the names of the conventions."""

from __future__ import annotations

from axonize.gpu.backend import Counters, DiscoveredGPU, MIGInstance, Reading
from axonize.gpu.metrics import RATES, Sample, describe_samples, measure_rates

CARD = DiscoveredGPU("GPU-1", "GPU-1", 0, "H100", "NVIDIA", "node-1", 80 * 2**30)
INSTANCE = DiscoveredGPU(
    "MIG-1", "GPU-1", 0, "H100", "NVIDIA", "node-1", 0, mig=MIGInstance("1g.10gb", 1, 0, None)
)
FULL = Sample(
    CARD,
    7,
    Reading(0.5, 2**30, 350.0, False, 61, 1980, 2619),
    Counters(5000.0, 4, 3, 1, 2, 79, sm_active=0.7, tensor_active=0.4, dram_active=0.55),
    dict(zip(RATES, (1.0, 2.0, 3.0, 4.0), strict=True)),
    "nvml",
)
IDENTITY = {"hw.id": "GPU-1", "hw.type": "gpu", "hw.model": "H100", "hw.vendor": "NVIDIA"}


def shown(*samples: Sample) -> list[tuple[str, float, dict[str, str]]]:
    return [
        (metric.name, point.value, dict(point.attributes.items() - IDENTITY.items()))
        for metric in describe_samples(samples)
        for point in metric.points
    ]


def test_all_that_a_card_tells() -> None:
    nvml = {"axonize.gpu.power.source": "nvml"}
    received, sent = ({"network.io.direction": each} for each in ("receive", "transmit"))
    assert shown(FULL) == [
        ("hw.gpu.utilization", 0.5, {"hw.gpu.task": "general"}),
        ("hw.gpu.memory.usage", 2**30, {}),
        ("hw.gpu.memory.limit", 80 * 2**30, {}),
        ("hw.power", 350.0, nvml),
        ("hw.energy", 5000.0, nvml),
        ("hw.temperature", 61, {}),
        ("hw.gpu.speed", 1980 * 10**6, {"hw.gpu.clock_domain": "sm"}),
        ("hw.gpu.speed", 2619 * 10**6, {"hw.gpu.clock_domain": "memory"}),
        ("hw.errors", 3, {"error.type": "corrected"}),
        ("hw.errors", 1, {"error.type": "uncorrected"}),
        ("hw.errors", 2, {"error.type": "xid"}),
        ("axonize.gpu.xid", 79, {}),
        ("axonize.gpu.throttle_reasons", 4, {}),
        ("axonize.gpu.sm.active", 0.7, {}),
        ("axonize.gpu.tensor.active", 0.4, {}),
        ("axonize.gpu.dram.active", 0.55, {}),
        ("axonize.gpu.pcie.throughput", 1.0, received),
        ("axonize.gpu.pcie.throughput", 2.0, sent),
        ("axonize.gpu.nvlink.throughput", 3.0, received),
        ("axonize.gpu.nvlink.throughput", 4.0, sent),
    ]


def test_an_instance_says_its_card_and_what_is_estimated() -> None:
    reading = Reading(power_watts=50.0, power_estimated=True)
    rates = measure_rates(Counters(), Counters(), 1.0)
    sample = Sample(INSTANCE, 7, reading, Counters(), rates, "estimated")
    source = {"axonize.gpu.power.source": "estimated"}
    assert shown(sample) == [("hw.power", 50.0, {"hw.id": "MIG-1", "hw.parent": "GPU-1"} | source)]


def test_gpus_share_a_metric() -> None:
    (power,) = (each for each in describe_samples([FULL, FULL]) if each.name == "hw.power")
    assert len(power.points) == 2


def test_rates_are_differences() -> None:
    before = Counters(pcie_transmitted=10, pcie_received=10, nvlink_received=10)
    after = Counters(pcie_transmitted=30, pcie_received=5, nvlink_transmitted=10)
    absent = dict.fromkeys(("pcie_received", "nvlink_received", "nvlink_transmitted"))
    assert measure_rates(before, after, 2.0) == {"pcie_transmitted": 10.0, **absent}
    assert set(measure_rates(before, after, 0.0).values()) == {None}
