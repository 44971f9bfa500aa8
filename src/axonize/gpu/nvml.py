"""NVIDIA GPUs and their MIG instances, through NVML (the package nvidia-ml-py)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pynvml

from axonize.gpu.activity import Activity
from axonize.gpu.backend import (
    Counters,
    DiscoveredGPU,
    GPUGone,
    MIGInstance,
    ProcessUse,
    Reading,
)

T = TypeVar("T")

PCI_DEVICES = Path("/sys/bus/pci/devices")

# The whole of these are of a card that fell off the bus, a driver that was reloaded, or a reset.
GONE = frozenset(
    {
        pynvml.NVML_ERROR_UNINITIALIZED,
        pynvml.NVML_ERROR_INVALID_ARGUMENT,
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED,
        pynvml.NVML_ERROR_GPU_IS_LOST,
        pynvml.NVML_ERROR_RESET_REQUIRED,
        pynvml.NVML_ERROR_GPU_NOT_FOUND,
    }
)
ALL_LINKS = 0xFFFFFFFF
FIELDS = (
    pynvml.NVML_FI_DEV_PCIE_COUNT_TX_BYTES,
    pynvml.NVML_FI_DEV_PCIE_COUNT_RX_BYTES,
    (pynvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, ALL_LINKS),
    (pynvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, ALL_LINKS),
)
FIELD_UNITS = (1, 1, 1024, 1024)  # bytes
WHOLE_CARD_PROFILES = (
    pynvml.NVML_GPU_INSTANCE_PROFILE_7_SLICE,
    pynvml.NVML_GPU_INSTANCE_PROFILE_4_SLICE,  # of an A30
)
ARCHITECTURES = {
    pynvml.NVML_DEVICE_ARCH_KEPLER: "Kepler",
    pynvml.NVML_DEVICE_ARCH_MAXWELL: "Maxwell",
    pynvml.NVML_DEVICE_ARCH_PASCAL: "Pascal",
    pynvml.NVML_DEVICE_ARCH_VOLTA: "Volta",
    pynvml.NVML_DEVICE_ARCH_TURING: "Turing",
    pynvml.NVML_DEVICE_ARCH_AMPERE: "Ampere",
    pynvml.NVML_DEVICE_ARCH_ADA: "Ada",
    pynvml.NVML_DEVICE_ARCH_HOPPER: "Hopper",
    10: "Blackwell",  # older packages have no name for these two
    13: "Rubin",
}


class NVML:
    """The library, started; raises GPUGone, saying why, where it cannot be."""

    name = "nvml"

    def __init__(self) -> None:
        self._handles: dict[str, Any] = {}
        self._activity: dict[str, Activity] = {}
        self._xids: dict[str, list[int]] = {}
        self._events: Any = None
        with _translated():
            # A driver that is loaded may have no GPU yet.
            pynvml.nvmlInitWithFlags(pynvml.NVML_INIT_FLAG_NO_GPUS)

    def discover(self) -> Sequence[DiscoveredGPU]:
        """Find every GPU and every MIG instance; one that does not answer is left out."""
        with _translated():
            self._handles.clear()
            self._activity.clear()
            gpus = [
                gpu for index in range(pynvml.nvmlDeviceGetCount()) for gpu in self._find(index)
            ]
            cards = [gpu for gpu in gpus if gpu.mig is None]
            self._watch(cards)
            peers = {card.uuid: self._find_peers(card, cards) for card in cards}
        return [replace(gpu, nvlink_peers=peers[gpu.physical_uuid]) for gpu in gpus]

    def read(self, gpu: DiscoveredGPU) -> Reading:
        """Read use, memory, power, temperature and clocks."""
        with _translated():
            handle, card = self._handles[gpu.uuid], self._handles[gpu.physical_uuid]
            watts = _tell(pynvml.nvmlDeviceGetPowerUsage, card)
            memory = _tell(pynvml.nvmlDeviceGetMemoryInfo, handle)
            share = 1.0 if gpu.mig is None else gpu.mig.sm_share
            return Reading(
                utilization=self._utilization(gpu, handle),
                memory_used=None if memory is None else memory.used,
                power_watts=None if watts is None or share is None else watts / 1000 * share,
                power_estimated=gpu.mig is not None,
                temperature_celsius=_tell(
                    pynvml.nvmlDeviceGetTemperature, card, pynvml.NVML_TEMPERATURE_GPU
                ),
                clock_mhz=_tell(pynvml.nvmlDeviceGetClockInfo, card, pynvml.NVML_CLOCK_SM),
                memory_clock_mhz=_tell(pynvml.nvmlDeviceGetClockInfo, card, pynvml.NVML_CLOCK_MEM),
            )

    def read_counters(self, gpu: DiscoveredGPU) -> Counters:
        """Read energy, errors, throughput, activity and processes; of an instance, what it has."""
        with _translated():
            handle = self._handles[gpu.uuid]
            processes = tuple(_processes(handle))
            if gpu.mig is not None:
                active: dict[str, Any] = {**self._activity[gpu.uuid].latest}
                return Counters(processes=processes, **active)
            self._collect_xids()
            xids = self._xids.get(gpu.uuid)
            millijoules = _tell(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle)
            told: dict[str, Any] = {**_throughput(handle), **self._activity[gpu.uuid].read()}
            return Counters(
                energy_joules=None if millijoules is None else millijoules / 1000,
                throttle_reasons=_tell(pynvml.nvmlDeviceGetCurrentClocksEventReasons, handle),
                ecc_corrected=_ecc_errors(handle, pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED),
                ecc_uncorrected=_ecc_errors(handle, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
                xid_errors=None if xids is None else len(xids),
                xid_last=xids[-1] if xids else None,
                processes=processes,
                **told,
            )

    def read_energy(self, gpu: DiscoveredGPU) -> int | None:
        """Read the counter of a card; an instance has none of its own."""
        if gpu.mig is not None:
            return None
        with _translated():
            return _tell(pynvml.nvmlDeviceGetTotalEnergyConsumption, self._handles[gpu.uuid])

    def close(self) -> None:
        """Shut NVML down."""
        for activity in self._activity.values():
            activity.close()
        self._activity.clear()
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()

    def _find(self, index: int) -> Iterator[DiscoveredGPU]:
        try:
            card = pynvml.nvmlDeviceGetHandleByIndex(index)
            gpu = self._describe(card, index)
        except pynvml.NVMLError as error:
            if error.value == pynvml.NVML_ERROR_UNINITIALIZED:
                raise
            return
        self._activity[gpu.uuid] = Activity(card)
        yield gpu
        if (_tell(pynvml.nvmlDeviceGetMigMode, card) or (0,))[0]:
            yield from self._find_instances(card, gpu)

    def _describe(self, card: Any, index: int) -> DiscoveredGPU:
        uuid = _text(pynvml.nvmlDeviceGetUUID(card))
        self._handles[uuid] = card
        capability = _tell(pynvml.nvmlDeviceGetCudaComputeCapability, card)
        pci = _tell(pynvml.nvmlDeviceGetPciInfo, card)
        memory = _tell(pynvml.nvmlDeviceGetMemoryInfo, card)
        bus_id = "" if pci is None else _text(pci.busId)
        cuda = _tell(pynvml.nvmlSystemGetCudaDriverVersion) or 0
        return DiscoveredGPU(
            uuid=uuid,
            physical_uuid=uuid,
            index=index,
            model=_text(pynvml.nvmlDeviceGetName(card)),
            vendor="NVIDIA",
            node_id=socket.gethostname(),
            memory_total=0 if memory is None else memory.total,
            architecture=ARCHITECTURES.get(_tell(pynvml.nvmlDeviceGetArchitecture, card) or 0, ""),
            compute_capability=".".join(map(str, capability or ())),
            pci_bus_id=bus_id,
            numa_node=_numa_node(card, bus_id),
            driver_version=_text(_tell(pynvml.nvmlSystemGetDriverVersion) or ""),
            cuda_version=f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else "",
        )

    def _find_peers(self, card: DiscoveredGPU, cards: Sequence[DiscoveredGPU]) -> tuple[str, ...]:
        """Return the cards to which there is a way over NVLink, through a switch as well."""
        others = [other for other in cards if other is not card]
        return tuple(other.uuid for other in others if self._are_linked(card, other))

    def _are_linked(self, card: DiscoveredGPU, other: DiscoveredGPU) -> bool:
        handles = self._handles[card.uuid], self._handles[other.uuid]
        with contextlib.suppress(pynvml.NVMLError):  # the links of a card that is lost are none
            status = pynvml.nvmlDeviceGetP2PStatus(*handles, pynvml.NVML_P2P_CAPS_INDEX_NVLINK)
            return bool(status == pynvml.NVML_P2P_STATUS_OK)
        return False

    def _find_instances(self, card: Any, parent: DiscoveredGPU) -> Iterator[DiscoveredGPU]:
        whole = _multiprocessors(card)
        for number in range(_tell(pynvml.nvmlDeviceGetMaxMigDeviceCount, card) or 0):
            handle = _tell(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, card, number)
            if handle is not None:
                yield self._describe_instance(card, handle, parent, whole)

    def _describe_instance(
        self, card: Any, handle: Any, parent: DiscoveredGPU, whole: int | None
    ) -> DiscoveredGPU:
        uuid, name = (
            _text(pynvml.nvmlDeviceGetUUID(handle)),
            _text(pynvml.nvmlDeviceGetName(handle)),
        )
        attributes = _tell(pynvml.nvmlDeviceGetAttributes, handle)
        memory = _tell(pynvml.nvmlDeviceGetMemoryInfo, handle)
        instance_id = pynvml.nvmlDeviceGetGpuInstanceId(handle)
        share = attributes.multiprocessorCount / whole if attributes and whole else None
        self._handles[uuid] = handle
        self._activity[uuid] = Activity(card, instance_id)
        return DiscoveredGPU(
            **{
                **vars(parent),
                "uuid": uuid,
                "memory_total": 0 if memory is None else memory.total,
                "mig": MIGInstance(
                    profile=name.rpartition("MIG ")[2],
                    gpu_instance_id=instance_id,
                    compute_instance_id=pynvml.nvmlDeviceGetComputeInstanceId(handle),
                    sm_share=share,
                ),
            }
        )

    def _utilization(self, gpu: DiscoveredGPU, handle: Any) -> float | None:
        if gpu.mig is not None:  # has no such counter, but the activity of its multiprocessors
            return self._activity[gpu.uuid].read().get("sm_active")
        rates = _tell(pynvml.nvmlDeviceGetUtilizationRates, handle)
        return None if rates is None else rates.gpu / 100

    def _watch(self, cards: Sequence[DiscoveredGPU]) -> None:
        self._events = _tell(pynvml.nvmlEventSetCreate)
        if self._events is None:
            return
        for card in cards:
            with contextlib.suppress(pynvml.NVMLError):  # where XIDs are not told
                kind = pynvml.nvmlEventTypeXidCriticalError
                pynvml.nvmlDeviceRegisterEvents(self._handles[card.uuid], kind, self._events)
                self._xids.setdefault(card.uuid, [])

    def _collect_xids(self) -> None:
        for _ in range(16):  # more than that a second are a storm
            event = self._events and _tell(pynvml.nvmlEventSetWait_v2, self._events, 0)
            if not event:
                return
            uuid = _tell(pynvml.nvmlDeviceGetUUID, event.device)
            if uuid is not None:
                self._xids.setdefault(_text(uuid), []).append(event.eventData)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except pynvml.NVMLError as error:
        raise GPUGone(f"NVML: {error}") from error
    except KeyError as error:
        raise GPUGone(f"unknown GPU {error}") from error


def _tell(function: Callable[..., T], *arguments: Any) -> T | None:
    """Return what NVML says, None where it does not support, allow or know that."""
    try:
        return function(*arguments)
    except pynvml.NVMLError as error:
        if error.value in GONE:
            raise
        return None


def _text(text: Any) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def _numa_node(card: Any, bus_id: str) -> int | None:
    """Return where the card's memory is a node of its own (Grace) that, else the slot's node."""
    node = _tell(pynvml.nvmlDeviceGetNumaNodeId, card)
    if node is not None or not bus_id:
        return node
    with contextlib.suppress(OSError, ValueError):
        # The kernel writes four digits of the domain, NVML eight.
        found = int((PCI_DEVICES / bus_id.lower()[-12:] / "numa_node").read_text())
        return found if found >= 0 else None
    return None


def _multiprocessors(card: Any) -> int | None:
    """Return how many multiprocessors the instances of a card have together at most."""
    for profile in WHOLE_CARD_PROFILES:
        with contextlib.suppress(pynvml.NVMLError):
            info = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(card, profile)
            return int(info.multiprocessorCount) or None
    return None


def _ecc_errors(card: Any, kind: int) -> int | None:
    return _tell(pynvml.nvmlDeviceGetTotalEccErrors, card, kind, pynvml.NVML_VOLATILE_ECC)


def _throughput(card: Any) -> dict[str, int]:
    """Read the bytes that went over PCIe and NVLink; without those that are not told."""
    names = ("pcie_transmitted", "pcie_received", "nvlink_transmitted", "nvlink_received")
    fields = _tell(pynvml.nvmlDeviceGetFieldValues, card, FIELDS) or ()
    return {
        name: field.value.ullVal * unit
        for name, unit, field in zip(names, FIELD_UNITS, fields, strict=False)
        if field.nvmlReturn == pynvml.NVML_SUCCESS
    }


def _processes(handle: Any) -> Iterator[ProcessUse]:
    samples = _tell(pynvml.nvmlDeviceGetProcessUtilization, handle, 0) or ()
    use = {sample.pid: sample.smUtil / 100 for sample in samples}
    for process in _tell(pynvml.nvmlDeviceGetComputeRunningProcesses, handle) or ():
        yield ProcessUse(process.pid, process.usedGpuMemory, use.get(process.pid))
