"""The records of GPUs and their metrics that pass between the rooms of the server; no I/O."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

GAUGES = (
    "utilization",
    "memory_used_bytes",
    "temperature_c",
    "power_w",
    "sm_clock_mhz",
    "memory_clock_mhz",
    "pcie_rx_bytes_per_s",
    "pcie_tx_bytes_per_s",
    "nvlink_rx_bytes_per_s",
    "nvlink_tx_bytes_per_s",
    "sm_active",
    "tensor_active",
    "dram_active",
)
"""What a bucket of time says by its average, minimum and maximum."""


class Statistics(msgspec.Struct, frozen=True):
    """A measurement within a bucket of time."""

    avg: float
    min: float
    max: float


class GpuBucket(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU from start_ns (Unix ns) for one width; what was not measured is None."""

    start_ns: int
    samples: int
    energy_j: float | None
    memory_total_bytes: int | None
    throttle_reasons: int | None
    ecc_corrected: int | None
    ecc_uncorrected: int | None
    xid_errors: int | None
    xid_last: int | None
    gauges: dict[str, Statistics | None]


class GpuSeries(msgspec.Struct, frozen=True):
    """Buckets of a GPU in order of time; those without a sample are left out."""

    resource_uuid: str
    width_ns: int
    buckets: list[GpuBucket]


class GpuSample(msgspec.Struct, frozen=True, kw_only=True):
    """The last value of each measurement in a range; what was not measured is None."""

    emitters: list[str]
    power_source: str | None
    utilization: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    temperature_c: float | None
    power_w: float | None
    energy_j: float | None
    sm_clock_mhz: float | None
    memory_clock_mhz: float | None
    throttle_reasons: int | None
    sm_active: float | None
    tensor_active: float | None
    dram_active: float | None


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU or MIG instance that metrics or spans named in a range; unknown parts are empty.

    Times are in Unix ns; `sample` is None when only spans named it.
    """

    resource_uuid: str
    physical_uuid: str
    host: str
    model: str
    vendor: str
    first_ns: int
    last_ns: int
    sample: GpuSample | None = None
    facts: CardFacts | None = None
    mig: MigFacts | None = None


class Sighting(NamedTuple):
    """A GPU or MIG instance as telemetry names it, and when, in Unix ns; unknown text is empty."""

    tenant: str
    resource_uuid: str
    physical_uuid: str
    model: str
    vendor: str
    memory_bytes: int
    host: str
    service_name: str
    environment: str
    label: str
    first_ns: int
    last_ns: int


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a card is, and where; what is not known is None."""

    architecture: str | None = None
    compute_capability: str | None = None
    pci_bus_id: str | None = None
    numa_node: int | None = None
    driver_version: str | None = None
    cuda_version: str | None = None
    nvlink_peers: list[str] = []
    k8s_node_name: str | None = None
    cloud_provider: str | None = None
    cloud_region: str | None = None
    cloud_availability_zone: str | None = None
    host_id: str | None = None
    host_type: str | None = None


class MigFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a MIG instance is; sm_share is its part of the card's multiprocessors, 0 to 1."""

    mig_profile: str | None = None
    gpu_instance_id: int | None = None
    compute_instance_id: int | None = None
    sm_share: float | None = None


class Identity(NamedTuple):
    """What a GPU or MIG instance of a tenant is, as somebody has said it."""

    tenant: str
    resource_uuid: str
    facts: CardFacts | MigFacts


class CardResource(msgspec.Struct, frozen=True):
    """What computes on a card: the card itself or a MIG instance; times in Unix ns."""

    resource_uuid: str
    memory_bytes: int | None
    first_ns: int
    last_ns: int
    mig: MigFacts | None = None


class PhysicalGpu(msgspec.Struct, frozen=True):
    """A card, and what computes on it: itself, or its MIG instances as well."""

    physical_uuid: str
    model: str
    vendor: str
    first_ns: int
    last_ns: int
    resources: list[CardResource]
    facts: CardFacts | None = None


class GpuContext(msgspec.Struct, frozen=True):
    """Where and for whom a GPU was used; unknown parts are empty."""

    host: str
    service_name: str
    environment: str
    label: str
    first_ns: int
    last_ns: int


class ComputeResource(msgspec.Struct, frozen=True):
    """What computes, with its card and its contexts, the last seen first; times in Unix ns."""

    resource_uuid: str
    memory_bytes: int | None
    first_ns: int
    last_ns: int
    physical: PhysicalGpu | None
    contexts: list[GpuContext]
    mig: MigFacts | None = None


class FleetBucket(msgspec.Struct, frozen=True):
    """All GPUs from start_ns (Unix ns) for one width; None where nobody measured.

    The utilization, 0 to 1, is the average over GPUs and MIG instances, each counting once; watts
    and bytes are those of whole cards, added up.
    """

    start_ns: int
    resources: int
    utilization: float | None
    max_utilization: float | None
    power_w: float | None
    memory_used_bytes: float | None
