"""What senders call the measurements of a GPU: one table for each kind of sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa


class Column(NamedTuple):
    """A measurement's column and the values that it takes."""

    type: pa.DataType
    low: float
    high: float


_RATIO = Column(pa.float32(), 0, 1)
_COUNT = Column(pa.uint64(), 0, 2**63)
_REAL = Column(pa.float32(), 0, 1e9)
_LARGE = Column(pa.float64(), 0, 1e18)

COLUMNS = {
    "utilization": _RATIO,
    "memory_used_bytes": _COUNT,
    "memory_total_bytes": _COUNT,
    "temperature_c": Column(pa.float32(), -273.15, 1e4),
    "power_w": _REAL,
    "energy_j": _LARGE,
    "sm_clock_mhz": _REAL,
    "memory_clock_mhz": _REAL,
    "throttle_reasons": _COUNT,
    "ecc_corrected": _COUNT,
    "ecc_uncorrected": _COUNT,
    "xid_errors": _COUNT,
    "xid_last": _COUNT,
    "pcie_rx_bytes_per_s": _LARGE,
    "pcie_tx_bytes_per_s": _LARGE,
    "nvlink_rx_bytes_per_s": _LARGE,
    "nvlink_tx_bytes_per_s": _LARGE,
    "sm_active": _RATIO,
    "tensor_active": _RATIO,
    "dram_active": _RATIO,
}

# Not stored: some senders say what is free in place of how much there is.
FREE, RESERVED = "memory_free_bytes", "memory_reserved_bytes"
PARTS_OF_MEMORY = {FREE: _COUNT, RESERVED: _COUNT}


class Rule(NamedTuple):
    """Where a metric goes: its value times scale has the unit of the column.

    It holds for points whose attributes have one of the values; "" means that it is absent.
    """

    column: str
    scale: float = 1.0
    where: Mapping[str, tuple[str, ...]] = {}


class Emitter(NamedTuple):
    """A kind of sender: its attributes that identify a GPU, and its metrics.

    The first attribute that a point has counts. An instance is a number within the GPU.
    """

    name: str
    metrics: Mapping[str, tuple[Rule, ...]]
    resource_uuid: tuple[str, ...]
    instance: str = ""
    parent: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    vendor: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    power_source: tuple[str, ...] = ()


MIB = 2**20
_GPU = {"hw.type": ("gpu",)}
_GENERAL = {"hw.gpu.task": ("", "general")}
_DIE = {"hw.sensor_location": ("", "die", "gpu")}
_SM = {"hw.gpu.clock_domain": ("", "sm", "graphics")}
_MEMORY = {"hw.gpu.clock_domain": ("memory",)}
_IN = {"network.io.direction": ("receive",)}
_OUT = {"network.io.direction": ("transmit",)}


def _errors(error_type: str) -> dict[str, tuple[str, ...]]:
    return {**_GPU, "error.type": (error_type,)}


# The hardware conventions of OpenTelemetry, what they lack under `axonize.gpu.`, and what OpenLIT's
# collector has called otherwise.
OPENTELEMETRY = Emitter(
    name="opentelemetry",
    resource_uuid=("hw.id",),
    parent=("hw.parent", "gpu.parent.uuid"),
    model=("hw.model", "hw.name"),
    vendor=("hw.vendor",),
    power_source=("axonize.gpu.power.source", "gpu.measurement.source"),
    metrics={
        "hw.gpu.utilization": (Rule("utilization", where=_GENERAL),),
        "hw.gpu.memory.usage": (Rule("memory_used_bytes"),),
        "hw.gpu.memory.limit": (Rule("memory_total_bytes"),),
        "hw.temperature": (Rule("temperature_c", where={**_GPU, **_DIE}),),
        "hw.power": (Rule("power_w", where=_GPU),),
        "hw.energy": (Rule("energy_j", where=_GPU),),
        "hw.errors": (
            Rule("ecc_corrected", where=_errors("corrected")),
            Rule("ecc_uncorrected", where=_errors("uncorrected")),
            Rule("xid_errors", where=_errors("xid")),
        ),
        "hw.gpu.speed": (
            Rule("sm_clock_mhz", 1e-6, _SM),
            Rule("memory_clock_mhz", 1e-6, _MEMORY),
        ),
        "hw.gpu.sm.utilization": (Rule("sm_active"),),
        "axonize.gpu.throttle_reasons": (Rule("throttle_reasons"),),
        "axonize.gpu.xid": (Rule("xid_last"),),
        "axonize.gpu.pcie.throughput": (
            Rule("pcie_rx_bytes_per_s", where=_IN),
            Rule("pcie_tx_bytes_per_s", where=_OUT),
        ),
        "axonize.gpu.nvlink.throughput": (
            Rule("nvlink_rx_bytes_per_s", where=_IN),
            Rule("nvlink_tx_bytes_per_s", where=_OUT),
        ),
        "axonize.gpu.sm.active": (Rule("sm_active"),),
        "axonize.gpu.tensor.active": (Rule("tensor_active"),),
        "axonize.gpu.dram.active": (Rule("dram_active"),),
        "hw.gpu.temperature": (Rule("temperature_c", where={"sensor": ("", "die")}),),
        "hw.gpu.power.draw": (Rule("power_w"),),
        "hw.gpu.energy.consumed": (Rule("energy_j"),),
        "hw.gpu.clock.graphics": (Rule("sm_clock_mhz"),),
        "hw.gpu.clock.memory": (Rule("memory_clock_mhz"),),
    },
)

# OpenLIT's SDK.
OPENLIT = Emitter(
    name="openlit",
    resource_uuid=("gpu.uuid",),
    model=("gpu.name",),
    metrics={
        "gpu.utilization": (Rule("utilization", 0.01),),
        "gpu.memory.used": (Rule("memory_used_bytes", MIB),),
        "gpu.memory.total": (Rule("memory_total_bytes", MIB),),
        "gpu.temperature": (Rule("temperature_c"),),
        "gpu.power.draw": (Rule("power_w"),),
    },
)

# NVIDIA's DCGM exporter, whose labels a Prometheus receiver makes attributes.
DCGM = Emitter(
    name="dcgm",
    resource_uuid=("UUID",),
    instance="GPU_I_ID",
    model=("modelName",),
    host=("Hostname",),
    metrics={
        "DCGM_FI_DEV_GPU_UTIL": (Rule("utilization", 0.01),),
        "DCGM_FI_DEV_FB_USED": (Rule("memory_used_bytes", MIB),),
        "DCGM_FI_DEV_FB_TOTAL": (Rule("memory_total_bytes", MIB),),
        "DCGM_FI_DEV_FB_FREE": (Rule(FREE, MIB),),
        "DCGM_FI_DEV_FB_RESERVED": (Rule(RESERVED, MIB),),
        "DCGM_FI_DEV_GPU_TEMP": (Rule("temperature_c"),),
        "DCGM_FI_DEV_POWER_USAGE": (Rule("power_w"),),
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": (Rule("energy_j", 1e-3),),
        "DCGM_FI_DEV_SM_CLOCK": (Rule("sm_clock_mhz"),),
        "DCGM_FI_DEV_MEM_CLOCK": (Rule("memory_clock_mhz"),),
        "DCGM_FI_DEV_CLOCKS_EVENT_REASONS": (Rule("throttle_reasons"),),
        "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": (Rule("throttle_reasons"),),
        "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": (Rule("ecc_corrected"),),
        "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": (Rule("ecc_uncorrected"),),
        "DCGM_FI_DEV_XID_ERRORS": (Rule("xid_last"),),
        "DCGM_FI_PROF_PCIE_RX_BYTES": (Rule("pcie_rx_bytes_per_s"),),
        "DCGM_FI_PROF_PCIE_TX_BYTES": (Rule("pcie_tx_bytes_per_s"),),
        "DCGM_FI_PROF_NVLINK_RX_BYTES": (Rule("nvlink_rx_bytes_per_s"),),
        "DCGM_FI_PROF_NVLINK_TX_BYTES": (Rule("nvlink_tx_bytes_per_s"),),
        "DCGM_FI_PROF_SM_ACTIVE": (Rule("sm_active"),),
        "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": (Rule("tensor_active"),),
        "DCGM_FI_PROF_DRAM_ACTIVE": (Rule("dram_active"),),
    },
)

EMITTERS = {
    metric: emitter for emitter in (OPENTELEMETRY, OPENLIT, DCGM) for metric in emitter.metrics
}
