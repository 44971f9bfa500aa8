"""What a GPU is, what one reading of it says, and what a vendor's library must offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class GPUGone(Exception):  # noqa: N818 - says what happened
    """The GPU, or the library that reads it, must be looked for anew."""


@dataclass(frozen=True)
class MIGInstance:
    """A part of a GPU that computes on its own; sm_share is its part of the multiprocessors."""

    profile: str  # such as 3g.40gb
    gpu_instance_id: int
    compute_instance_id: int
    sm_share: float | None  # 0 to 1


@dataclass(frozen=True)
class DiscoveredGPU:
    """A GPU or an instance of one, as it stays while the process runs.

    uuid names what computes, physical_uuid the card: they differ for MIG instances only. index is
    the card's number in the order of the vendor's library. Text is "" where it is not known.
    """

    uuid: str
    physical_uuid: str
    index: int
    model: str
    vendor: str
    node_id: str
    memory_total: int  # bytes
    architecture: str = ""
    compute_capability: str = ""
    pci_bus_id: str = ""
    numa_node: int | None = None
    driver_version: str = ""
    cuda_version: str = ""  # the newest that the driver supports
    nvlink_peers: tuple[str, ...] = ()  # cards that it reaches over NVLink, by UUID
    mig: MIGInstance | None = None


@dataclass(frozen=True)
class ProcessUse:
    """What one process has of a GPU; utilization is 0 to 1."""

    pid: int
    memory_used: int | None  # bytes
    utilization: float | None


@dataclass(frozen=True)
class Reading:
    """What changes all the time; None is what this GPU does not tell."""

    utilization: float | None = None  # 0 to 1
    memory_used: int | None = None  # bytes
    power_watts: float | None = None
    power_estimated: bool = False  # a share of the card's, by multiprocessors
    temperature_celsius: float | None = None
    clock_mhz: float | None = None
    memory_clock_mhz: float | None = None


@dataclass(frozen=True)
class Counters:
    """What is read about once a second; None is what this GPU does not tell.

    energy_joules and the counts grow from the driver's start, xid_errors from the profiler's.
    """

    energy_joules: float | None = None
    throttle_reasons: int | None = None  # the vendor's bits
    ecc_corrected: int | None = None
    ecc_uncorrected: int | None = None
    xid_errors: int | None = None
    xid_last: int | None = None
    pcie_transmitted: int | None = None  # bytes
    pcie_received: int | None = None  # bytes
    nvlink_transmitted: int | None = None  # bytes
    nvlink_received: int | None = None  # bytes
    sm_active: float | None = None  # 0 to 1, as the next two
    tensor_active: float | None = None
    dram_active: float | None = None
    processes: tuple[ProcessUse, ...] = ()


class GPUBackend(Protocol):
    """A vendor's library; one thread at a time uses it."""

    name: str

    def discover(self) -> Sequence[DiscoveredGPU]:
        """Look for GPUs anew; a split card comes before its instances. Raises GPUGone."""

    def read(self, gpu: DiscoveredGPU) -> Reading:
        """Read what changes all the time. Raises GPUGone."""

    def read_counters(self, gpu: DiscoveredGPU) -> Counters:
        """Read what is worth a look about once a second. Raises GPUGone."""

    def read_energy(self, gpu: DiscoveredGPU) -> int | None:
        """Read the energy counter alone, in mJ; None where there is none. Raises GPUGone."""

    def close(self) -> None:
        """Give the library back; never raises."""
