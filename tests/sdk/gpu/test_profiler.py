"""The thread that reads GPUs: what spans get, and what it survives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from axonize import recording
from axonize.gpu import open_backend, profiler
from axonize.gpu.profiler import Profiler
from axonize.spans import Span
from tests.sdk.gpu.fake_nvml import GPU_IS_LOST, NOT_SUPPORTED, State
from tests.sdk.gpu.test_nvml import CARD, INSTANCE, SPLIT

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")


@pytest.fixture
def gpu_profiler(gpus: State) -> Iterator[Profiler]:
    found = Profiler(open_backend, interval_s=0.005)
    yield found
    found.stop()


def wait_for(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.005)


def describe(found: Profiler, label: str, wanted: str) -> dict[str, object]:
    wait_for(lambda: f"gpu.0.{wanted}" in found.describe(0, label))
    return dict(found.describe(0, label))


def test_a_span_says_which_gpu_it_ran_on(
    gpu_profiler: Profiler, gpus: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus.gpus[0].temperature = NOT_SUPPORTED
    describe(gpu_profiler, "cuda:0", "utilization")
    monkeypatch.setattr(recording, "describe_gpu", gpu_profiler.describe)
    span = Span("generate")
    span.set_gpus(["cuda:0", "cuda:9"])
    assert span.attributes == {
        "gpu.0.label": "cuda:0",
        "gpu.0.resource_uuid": CARD,
        "gpu.0.physical_uuid": CARD,
        "gpu.0.model": "NVIDIA H100 80GB HBM3",
        "gpu.0.vendor": "NVIDIA",
        "gpu.0.node_id": socket.gethostname(),
        "gpu.0.memory.total_gb": 81559 / 1024,
        "gpu.0.memory.used_gb": 20.0,
        "gpu.0.utilization": 0.8,
        "gpu.0.power_watts": 350.0,
        "gpu.0.clock_mhz": 1980,
        "gpu.1.label": "cuda:9",
    }


def test_an_instance_says_its_card(gpu_profiler: Profiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", f"{INSTANCE}1")
    found = describe(gpu_profiler, "cuda:0", "utilization")
    assert found["gpu.0.resource_uuid"] == f"{INSTANCE}1"
    assert found["gpu.0.physical_uuid"] == SPLIT
    assert found["gpu.0.power_estimated"] is True


@pytest.mark.parametrize("failure", ["lost", "reset"])
def test_a_gpu_that_went_away_comes_back(
    gpu_profiler: Profiler, gpus: State, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    monkeypatch.setattr(profiler, "LOOK_AGAIN_S", 0.02)
    describe(gpu_profiler, "cuda:0", "utilization")
    if failure == "reset":
        gpus.init_result = 9
        gpus.reset = 1
    else:
        gpus.gpus[0].lost = GPU_IS_LOST
    wait_for(lambda: len(gpu_profiler.describe(0, CARD)) == 1)
    gpus.gpus[0].lost = gpus.init_result = 0
    describe(gpu_profiler, CARD, "utilization")


def test_without_a_gpu_the_thread_ends(gpus: State) -> None:
    gpus.init_result = 9
    found = Profiler(open_backend, interval_s=0.005)
    assert found.describe(0, "cuda:0") == {"gpu.0.label": "cuda:0"}
    assert found._thread is not None
    found._thread.join(120)
    assert not found._thread.is_alive()


PROGRAM = """
import os, sys, time, axonize
from axonize.export.memory import MemoryExporter
from axonize.lifecycle import begin

begin({"gpu_snapshot_interval_ms": 1}, MemoryExporter())

def look():
    for _ in range(20_000):
        with axonize.span("s") as span:
            span.set_gpus(["cuda:0"])
        if "gpu.0.utilization" in span.attributes:
            return
        time.sleep(0.005)
    sys.exit(1)

look()
if (pid := os.fork()) == 0:
    look()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
look()
axonize.shutdown()
"""


def test_a_forked_child_reads_for_itself(library: object, gpus: State) -> None:
    folder = str(library).rpartition("/")[0]
    env = {**os.environ, "LD_LIBRARY_PATH": folder}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def test_counters_are_read_while_somebody_wants_them(
    gpus: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiler, "COUNT_EVERY_S", 0.01)
    started: list[bool] = []
    found = Profiler(open_backend, interval_s=0.005, started=lambda: started.append(True))
    found.start()
    found.start()
    wait_for(lambda: found.snapshot)
    assert (started, found.running, found.samples) == ([True], True, ())
    found.counting = True
    wait_for(lambda: found.samples and found.samples[0].rates["pcie_received"] is not None)
    found.stop()
    card, split, *_ = found.samples
    assert (card.gpu.uuid, card.counters.energy_joules, card.power_source) == (CARD, 5000, "nvml")
    assert [split.gpu.uuid, found.samples[2].power_source] == [SPLIT, "estimated"]


def test_a_meter_knows_its_gpus_and_their_price_from_the_start(gpus: State) -> None:
    found = Profiler(open_backend, interval_s=3600.0, prices={"H100": 2.0})
    found.meter(["cuda:0"])  # the first has them looked for
    wait_for(lambda: found.snapshot)
    meter = found.meter(["cuda:0"])
    found.stop()
    assert (dict(meter.parts), meter.usd_per_hour) == ({CARD: 1.0}, 2.0)


def test_the_first_reading_waits_for_nothing(gpus: State) -> None:
    found = Profiler(open_backend, interval_s=3600.0, prices={"H100": 2.0})
    meter = found.meter(["cuda:0"])
    wait_for(lambda: meter.usd_per_hour)
    found.stop()
    assert dict(meter.parts) == {CARD: 1.0}


def test_an_engine_that_works_on_gpus_has_them_read(
    gpu_profiler: Profiler, gpus: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recording.meter_gpus(["cuda:0"]) is None
    assert not gpu_profiler.running
    monkeypatch.setattr(recording, "meter_gpu", gpu_profiler.meter)
    meter = recording.meter_gpus(["cuda:0"])
    assert meter is not None
    assert gpu_profiler.running
    wait_for(lambda: meter.charge(time.monotonic_ns(), time.monotonic_ns()) is not None)
    began = time.monotonic_ns()
    gpus.gpus[0].energy_mj += 7_000
    wait_for(lambda: meter.charge(began, time.monotonic_ns()))
    assert (meter.source, meter.usd_per_hour) == ("counter", None)
