"""Compiles fake_nvml.c and sets what its GPUs do; the structures are those of the C file."""

from __future__ import annotations

import ctypes
import mmap
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = shutil.which("cc") or shutil.which("gcc")
NOT_SUPPORTED, NO_PERMISSION, GPU_IS_LOST = (2**63 + code for code in (3, 4, 15))


class Instance(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("memory_used", "gpm_sm")]


class GPU(ctypes.Structure):
    _fields_ = [
        *[
            (name, ctypes.c_uint64)
            for name in (
                *("lost", "mig", "utilization", "memory_used", "power_mw", "energy_mj"),
                *("temperature", "sm_clock", "memory_clock", "throttle_reasons"),
                *("ecc_corrected", "ecc_uncorrected"),
                *("pcie_tx", "pcie_rx", "nvlink_tx", "nvlink_rx", "xid"),
                *("process_pid", "process_memory", "process_utilization"),
                *("gpm_sm", "gpm_tensor", "gpm_dram", "numa_node"),
            )
        ],
        ("instances", Instance * 3),
    ]


class State(ctypes.Structure):
    _fields_ = [
        *[(name, ctypes.c_uint64) for name in ("count", "init_result", "reset", "calls")],
        ("gpus", GPU * 8),
    ]


def compile_library(folder: Path) -> Path:
    """Make folder/libnvidia-ml.so.1, under the name that pynvml asks the loader for."""
    library = folder / "libnvidia-ml.so.1"
    flags = ["-O1", "-shared", "-fPIC", "-Wall", "-Werror", f"-Wl,-soname,{library.name}"]
    subprocess.run([str(COMPILER), *flags, "-o", str(library), str(SOURCE)], check=True)
    return library


def make_state(path: Path) -> State:
    """Make the shared file with two H100, the second one split in 3g, 2g and 1g."""
    path.write_bytes(bytes(ctypes.sizeof(State)))
    with path.open("r+b") as file:
        state = State.from_buffer(mmap.mmap(file.fileno(), 0))
    state.count = 2
    for number, gpu in enumerate(state.gpus):
        set_busy(gpu, number)
    state.gpus[1].mig = 1
    return state


def set_busy(gpu: GPU, number: int) -> None:
    gpu.utilization, gpu.memory_used = 80, 20 * 2**30
    gpu.power_mw, gpu.energy_mj, gpu.temperature = 350_000, 5_000_000, 61 + number
    gpu.sm_clock, gpu.memory_clock, gpu.numa_node = 1_980, 2_619, number
    gpu.gpm_sm, gpu.gpm_tensor, gpu.gpm_dram = 70, 40, 55
    for instance, used in zip(gpu.instances, (10, 5, 1), strict=True):
        instance.memory_used, instance.gpm_sm = used * 2**30, 50
