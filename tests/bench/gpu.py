"""What reading GPUs costs, on the library of the tests: python -m tests.bench.gpu."""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from axonize import recording
from axonize.engine.calls import Calls
from axonize.gpu import open_backend
from axonize.gpu.profiler import Profiler
from axonize.speed import RingBuffer, Span, configure
from tests.sdk.gpu.fake_nvml import State, compile_library, make_state

GPUS = 8
ROUNDS = 2001
SECONDS = 5.0
INTERVAL_S = 0.1
SPANS = 5000
NAMING = 200
TURNS = 400


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


def span_times(profiler: Profiler) -> tuple[float, float]:
    """Return the median time of a span in ns without the thread and beside it, turn by turn."""
    buffer = RingBuffer(SPANS)
    configure(buffer)
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS):
        beside = turn % 2
        if not beside and not profiler.pause():
            continue
        times[beside].append(span_time(buffer))
        if not beside:
            profiler.resume()
    configure(None)
    return statistics.median(times[0]), statistics.median(times[1])


def span_time(buffer: RingBuffer) -> float:
    """Return the time of one of SPANS spans with an attribute, in ns."""
    began = time.perf_counter_ns()
    for _ in range(SPANS):
        with Span("operation") as span:
            span.set_attribute("gen_ai.request.model", "llama")
    took = time.perf_counter_ns() - began
    buffer.drain(SPANS)
    return took / SPANS


def naming_time(labels: tuple[str, ...], *, occupies: bool) -> float:
    """Return the median time that a span takes longer for the GPUs that it names, in us."""
    recording.begin_work = Calls().begin if occupies else None
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS):
        names = turn % 2
        began = time.perf_counter_ns()
        for _ in range(NAMING):
            with Span("operation", {"gen_ai.request.model": "llama"}) as span:
                if names:
                    span.set_gpus(labels)
        times[names].append((time.perf_counter_ns() - began) / NAMING / 1000)
    recording.begin_work = None
    return statistics.median(times[1]) - statistics.median(times[0])


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
        meter = profiler.meter([f"cuda:{number}" for number in range(GPUS)])
        profiler.counting = True
        time.sleep(1)
        print(f"{100 * (cpu_share() - idle):8.2f} % of a core, and an engine's joules and metrics")
        assert len(meter.parts) == GPUS
        without, beside = span_times(profiler)
        print(f"{without:8.0f} ns a span without the thread, {beside:.0f} ns beside it")
        recording.describe_gpu, recording.meter_gpu = profiler.describe, profiler.meter
        for labels, occupies, what in (
            ((), True, "names no GPU"),
            (("cuda:0",), False, "names one"),
            (("cuda:0",), True, "occupies it, too"),
        ):
            print(f"{naming_time(labels, occupies=occupies):8.2f} us for a span that {what}")
        profiler.stop()


if __name__ == "__main__":
    main()
