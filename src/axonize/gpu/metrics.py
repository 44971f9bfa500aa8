"""What a sample of the GPUs is called in OpenTelemetry's hardware conventions, and beyond them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from axonize.gpu.backend import Counters, DiscoveredGPU, Reading
from axonize.otlp_metrics import Kind, Metric, Point

BYTES_A_SECOND = "By/s"


class Sample(NamedTuple):
    """All that was read of one GPU at a time, in Unix ns; rates are bytes/s since the one before.

    power_source: how power and energy were had, "estimated" for a share of the card's.
    """

    gpu: DiscoveredGPU
    time_ns: int
    reading: Reading
    counters: Counters
    rates: Mapping[str, float | None]
    power_source: str

    def values(self) -> dict[str, float | None]:
        """Return name and value of everything, in the units of the records that they come from."""
        total = self.gpu.memory_total or None
        return {**vars(self.reading), **vars(self.counters), **self.rates, "memory_total": total}


class _Row(NamedTuple):
    """Where a value goes; times scale it has the unit. Rows of one name stand together."""

    value: str
    name: str
    unit: str
    kind: Kind
    attributes: Mapping[str, str] = {}
    scale: int = 1


_POWER = ("hw.power", "hw.energy")
_IN, _OUT = {"network.io.direction": "receive"}, {"network.io.direction": "transmit"}
_SM, _MEMORY = {"hw.gpu.clock_domain": "sm"}, {"hw.gpu.clock_domain": "memory"}
_PCIE, _NVLINK = "axonize.gpu.pcie.throughput", "axonize.gpu.nvlink.throughput"
_ROWS = (
    _Row("utilization", "hw.gpu.utilization", "1", "gauge", {"hw.gpu.task": "general"}),
    _Row("memory_used", "hw.gpu.memory.usage", "By", "updown"),
    _Row("memory_total", "hw.gpu.memory.limit", "By", "updown"),
    _Row("power_watts", "hw.power", "W", "gauge"),
    _Row("energy_joules", "hw.energy", "J", "counter"),
    _Row("temperature_celsius", "hw.temperature", "Cel", "gauge"),
    _Row("clock_mhz", "hw.gpu.speed", "Hz", "gauge", _SM, 10**6),
    _Row("memory_clock_mhz", "hw.gpu.speed", "Hz", "gauge", _MEMORY, 10**6),
    _Row("ecc_corrected", "hw.errors", "{error}", "counter", {"error.type": "corrected"}),
    _Row("ecc_uncorrected", "hw.errors", "{error}", "counter", {"error.type": "uncorrected"}),
    _Row("xid_errors", "hw.errors", "{error}", "counter", {"error.type": "xid"}),
    _Row("xid_last", "axonize.gpu.xid", "1", "gauge"),
    _Row("throttle_reasons", "axonize.gpu.throttle_reasons", "1", "gauge"),
    _Row("sm_active", "axonize.gpu.sm.active", "1", "gauge"),
    _Row("tensor_active", "axonize.gpu.tensor.active", "1", "gauge"),
    _Row("dram_active", "axonize.gpu.dram.active", "1", "gauge"),
    _Row("pcie_received", _PCIE, BYTES_A_SECOND, "gauge", _IN),
    _Row("pcie_transmitted", _PCIE, BYTES_A_SECOND, "gauge", _OUT),
    _Row("nvlink_received", _NVLINK, BYTES_A_SECOND, "gauge", _IN),
    _Row("nvlink_transmitted", _NVLINK, BYTES_A_SECOND, "gauge", _OUT),
)  # fmt: skip
RATES = ("pcie_received", "pcie_transmitted", "nvlink_received", "nvlink_transmitted")


def measure_rates(before: Counters, after: Counters, seconds: float) -> dict[str, float | None]:
    """Return the bytes a second between two readings; None where a counter was reset or is absent.

    Every rate is in it, so that it takes the place of the counters.
    """
    return {name: _rate(getattr(before, name), getattr(after, name), seconds) for name in RATES}


def _rate(before: int | None, after: int | None, seconds: float) -> float | None:
    if before is None or after is None or after < before or seconds <= 0:
        return None
    return (after - before) / seconds


def describe_samples(samples: Sequence[Sample]) -> list[Metric]:
    """Return the metrics of all samples; what a GPU does not tell is absent."""
    metrics: dict[str, Metric] = {}
    for sample in samples:
        for row, point in _describe(sample):
            metric = metrics.setdefault(row.name, Metric(row.name, row.unit, row.kind, []))
            metric.points.append(point)
    return list(metrics.values())


def _describe(sample: Sample) -> Iterator[tuple[_Row, Point]]:
    values, identity = sample.values(), _identity(sample.gpu)
    source = {"axonize.gpu.power.source": sample.power_source}
    for row in _ROWS:
        value = values[row.value]
        if value is not None:
            more = source if row.name in _POWER else {}
            attributes = {**identity, **row.attributes, **more}
            yield row, Point(sample.time_ns, value * row.scale, attributes)


def _identity(gpu: DiscoveredGPU) -> dict[str, str]:
    identity = {"hw.id": gpu.uuid, "hw.type": "gpu", "hw.model": gpu.model, "hw.vendor": gpu.vendor}
    return identity if gpu.mig is None else {**identity, "hw.parent": gpu.physical_uuid}
