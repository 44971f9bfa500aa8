"""What is read of the GPU of this machine, beside what nvidia-smi, its counter and a load say.

    pytest tests/gpu        on a machine with an NVIDIA GPU and a PyTorch for it; takes two minutes

The results go to docs/gpu-validation.md.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gpu.machine import SMI, environment, has_cuda
from tests.gpu.report import Row

pytestmark = pytest.mark.skipif(
    SMI is None, reason="there is no nvidia-smi, so no NVIDIA GPU, here"
)
FIELDS = (
    "uuid,name,memory.total,memory.used,temperature.gpu,utilization.gpu,power.draw,"
    "clocks.sm,clocks.mem"
)
GIB = 2**30
# Dense bfloat16 TFLOP/s and GB/s of the memory, as NVIDIA's data sheets say.
PEAKS = {"H100 80GB HBM3": (989.0, 3350.0), "H200": (989.0, 4800.0), "H100 PCIe": (756.0, 2000.0)}


@contextlib.contextmanager
def load(kind: str, seconds: float, mib: int = 0) -> Iterator[subprocess.Popen[str]]:
    """Have the first GPU work; inside the block it does."""
    if importlib.util.find_spec("torch") is None or not has_cuda():
        pytest.skip("this PyTorch cannot use the GPU")
    command = [sys.executable, "-m", "tests.gpu.load", kind, str(seconds), str(mib)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    yield process
    process.wait(seconds + 60)


def rate(process: subprocess.Popen[str]) -> float:
    assert process.stdout is not None
    found: float = json.loads(process.stdout.readline())["rate"]
    return found


def read(seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.gpu.reader", str(seconds)]
    ours = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert ours.returncode == 0, ours.stderr
    found: dict[str, Any] = json.loads(ours.stdout)
    return found


def _median(found: dict[str, Any], name: str) -> float:
    return statistics.median(reading[name] for reading in found["readings"])


def test_says_what_nvidia_smi_says(rows: list[Row]) -> None:
    with load("matmul", 20):
        asked = subprocess.Popen(
            [str(SMI), f"--query-gpu={FIELDS}", "--format=csv,noheader,nounits", "--loop-ms=500"],
            stdout=subprocess.PIPE,
            text=True,
        )
        ours = read(12)
        asked.terminate()
        lines = asked.communicate()[0].splitlines()
    of_first = [line.split(", ") for line in lines if line.startswith(ours["gpu"]["uuid"])]
    theirs = {
        name: statistics.median(float(each[column]) for each in of_first[4:-2])
        for column, name in enumerate(FIELDS.split(","))
        if column > 1
    }
    assert (ours["gpu"]["uuid"], ours["gpu"]["model"]) == tuple(of_first[0][:2])
    assert ours["gpu"]["memory_total"] // 2**20 == int(theirs["memory.total"])
    bounds = {  # ours, theirs, unit, how far apart: sampling, and 1 GiB that the driver keeps
        "temperature_celsius": ("temperature.gpu", 1.0, "°C", 3.0),
        "utilization": ("utilization.gpu", 0.01, "", 0.05),
        "power_watts": ("power.draw", 1.0, "W", 0.05 * theirs["power.draw"]),
        "clock_mhz": ("clocks.sm", 1.0, "MHz", 0.05 * theirs["clocks.sm"]),
        "memory_clock_mhz": ("clocks.mem", 1.0, "MHz", 1.0),
        "memory_used": ("memory.used", 2.0**20, "B", 1.0 * GIB),
    }
    for name, (field, unit, text, bound) in bounds.items():
        mine, other = _median(ours, name), theirs[field] * unit
        rows.append(Row(f"{name}, median", f"{mine:g} {text}", f"{other:g} {text}", f"±{bound:g}"))
        assert mine == pytest.approx(other, abs=bound), name


def test_is_what_nvidia_smi_says_that_it_is(rows: list[Row]) -> None:
    asked = ("--query-gpu=uuid,driver_version,pci.bus_id,compute_cap", "--format=csv,noheader")
    answer = subprocess.run([str(SMI), *asked], capture_output=True, text=True, check=True)
    ours = read(1)["gpu"]
    (theirs,) = (each for each in answer.stdout.splitlines() if each.startswith(ours["uuid"]))
    names = ("driver_version", "pci_bus_id", "compute_capability")
    for name, other in zip(names, theirs.split(", ")[1:], strict=True):
        rows.append(Row(name, ours[name], other, "equal"))
        assert ours[name].upper() == other.upper()


def test_a_minute_of_load_has_the_joules_of_the_counter(rows: list[Row]) -> None:
    with load("matmul", 75):
        found = read(60)
    counter = found["counter_j"]
    assert counter is not None, "this GPU has no energy counter"
    for name, what in (("charged_j", "steps and rests"), ("power_j", "power, integrated")):
        rows.append(Row(f"J of a minute: {what}", f"{found[name]:.0f}", f"{counter:.0f}", "2 %"))
    assert found["charged_j"] == pytest.approx(counter, rel=0.02)
    assert found["power_j"] == pytest.approx(counter, rel=0.02)


def test_the_activity_fits_a_known_load(rows: list[Row]) -> None:
    idle = read(3)["readings"][-1]
    if idle["tensor_active"] is None:
        pytest.skip("GPM is there from Hopper on")
    assert max(idle[name] for name in ("sm_active", "tensor_active", "dram_active")) < 0.05
    with load("matmul", 14) as process:
        product = read(8)
    flops = rate(process)
    with load("copy", 14) as process:
        copied = read(8)
    bandwidth = rate(process)
    name = product["gpu"]["model"]
    peaks = next((peak for part, peak in PEAKS.items() if part in name), None)
    if peaks is None:
        pytest.skip(f"the peaks of {name} are not known here")
    assert _later(product, "sm_active") > 0.9
    for share, ours, what in (
        (flops / peaks[0], _later(product, "tensor_active"), "tensor_active of a matmul"),
        (bandwidth / peaks[1], _later(copied, "dram_active"), "dram_active of a copy"),
    ):
        rows.append(Row(what, f"{ours:.2f}", f"{share:.2f} of the peak", "±0.15"))
        assert ours == pytest.approx(share, abs=0.15)
    assert _later(copied, "tensor_active") < 0.05


def _later(found: dict[str, Any], name: str) -> float:
    """Return the median of a measurement, without the first two seconds."""
    return statistics.median(reading[name] for reading in found["readings"][8:])


def test_two_processes_are_told_apart(rows: list[Row]) -> None:
    with load("hold", 14, 1024), load("matmul", 14, 4096):
        found = read(4)
    used = sorted(
        each["memory_used"] / 2**20
        for each in found["readings"][-1]["processes"]
        if each["memory_used"] is not None
    )
    rows.append(
        Row("MiB of two processes", str([round(mib) for mib in used]), "1024, 4096", "+1024")
    )
    assert len(used) == 2
    # Each holds what it was told to, and what CUDA and the matrices take.
    assert 1024 < used[0] < 2048
    assert 4096 < used[1] < 6144
