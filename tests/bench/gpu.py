"""What reading GPUs costs, on the library of the tests: python -m tests.bench.gpu."""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from axonize.gpu import open_backend
from axonize.gpu.profiler import Profiler
from tests.sdk.gpu.fake_nvml import State, compile_library, make_state

GPUS = 8
ROUNDS = 2001
SECONDS = 5.0
INTERVAL_S = 0.1


def load_library(folder: Path) -> State:
    """Put eight whole GPUs where pynvml finds them."""
    ctypes.CDLL(str(compile_library(folder)))
    state = make_state(folder / "gpus")
    state.count, state.gpus[1].mig = GPUS, 0
    os.environ["FAKE_NVML"] = str(folder / "gpus")
    return state


def reading_time() -> float:
    """Return the median time to read one GPU, in us."""
    backend = open_backend()
    gpu = backend.discover()[0]
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        backend.read(gpu)
        times.append((time.perf_counter_ns() - began) / 1000)
    backend.close()
    return statistics.median(times)


def call_time(profiler: Profiler) -> float:
    """Return the median time of describe(), in us."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        profiler.describe(0, "cuda:0")
        times.append((time.perf_counter_ns() - began) / 1000)
    return statistics.median(times)


def cpu_share() -> float:
    """Return the share of a core that the process used in SECONDS of sleep."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(SECONDS)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / SECONDS


def main() -> None:
    """Print the costs of the binding and of the thread; a real driver adds its own."""
    with tempfile.TemporaryDirectory() as folder:
        _state = load_library(Path(folder))
        print(f"{reading_time():8.1f} us to read one GPU")
        profiler = Profiler(open_backend, interval_s=INTERVAL_S)
        idle = cpu_share()
        profiler.describe(0, "cuda:0")
        time.sleep(1)
        print(f"{100 * (cpu_share() - idle):8.2f} % of a core, {GPUS} GPUs every 100 ms")
        print(f"{call_time(profiler):8.1f} us for a span to name one GPU")
        profiler.stop()


if __name__ == "__main__":
    main()
