"""What is told of a call of a module on a real GPU, beside what PyTorch says when it is asked."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.gpu.machine import SMI, environment, has_cuda
from tests.gpu.report import Row

pytestmark = pytest.mark.skipif(
    SMI is None, reason="there is no nvidia-smi, so no NVIDIA GPU, here"
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    if importlib.util.find_spec("torch") is None or not has_cuda():
        pytest.skip("this PyTorch cannot use the GPU")
    command = [sys.executable, "-m", "tests.gpu.calls"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_the_time_is_that_of_the_kernels(found: dict[str, Any], rows: list[Row]) -> None:
    ours, theirs = found["events_ms"], found["profiler_ms"]
    what = f"ms of a module of {found['layers']} matmuls: events, and the profiler's kernels"
    rows.append(Row(what, f"{ours:.3f}", f"{theirs:.3f}", "5 %"))
    assert ours == pytest.approx(theirs, rel=0.05)


def test_the_peak_is_the_allocator_s(found: dict[str, Any], rows: list[Row]) -> None:
    rows.append(Row("peak of a call, bytes", f"{found['peak_told']}", f"{found['peak']}", "equal"))
    assert found["peak_told"] == found["peak"]
    assert found["peak_rose"]


def test_memory_that_runs_out_is_told(found: dict[str, Any]) -> None:
    assert found["out_of_memory"] == ["out_of_memory", "exception"]


def test_graphs_are_captured_beside_it(found: dict[str, Any], rows: list[Row]) -> None:
    rows.append(Row("graphs captured", f"{found['captures']}", "20", "equal"))
    assert found["captures"] == 20


def test_a_sampled_call_has_its_kernels(found: dict[str, Any], rows: list[Row]) -> None:
    [[count, total_ms]] = found["kernels"]
    rows.append(Row("kernels of a sampled call", f"{count}, {total_ms:.3f} ms", "", ""))
    assert count >= found["layers"]
    assert total_ms > 0
