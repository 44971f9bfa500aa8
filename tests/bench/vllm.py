"""What tracing costs vLLM in the worst case: a tiny model on the CPU, steps of a millisecond.

    python -m tests.bench.vllm [pairs] [on|off]

One process has the front end, the engine and the model, so every microsecond counts in full. Runs
of separate processes differ by more than what is measured, so rounds with and without alternate
(ABBA) in one. The patches stay in place, each behind a switch that both ways pay: where they are
put in and taken out, Python has to specialise vLLM's code anew each time, which is no cost of a
program that is patched once. After each change comes a round that does not count: what the round
before left to be made and sent, for a second at most, falls into it. Needs vLLM; ddtrace is
measured beside it where installed.
"""

from __future__ import annotations

import importlib.util
import math
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ |= {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "HF_HUB_OFFLINE": "1",
    # One thread for the model, so that the time of the process is what the work took, with what
    # the export thread takes, on a machine that has other things to do as well.
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
REQUESTS, TOKENS, BATCH = 320, 64, 32  # a round of 640 steps, longer than the second above
Toggle = Callable[[bool], None]


class Round:
    """The numbers of one round: the same requests each time."""

    def __init__(self, engine: Any) -> None:
        from vllm import SamplingParams

        params = SamplingParams(temperature=0, max_tokens=TOKENS, ignore_eos=True)
        for index in range(REQUESTS):
            prompt = f"Request {index}: the quick brown fox jumps over the lazy dog."
            engine.add_request(f"{id(self)}-{index}", prompt, params)
        self.steps: list[float] = []  # s
        worked, own, before = time.process_time(), time.thread_time(), time.perf_counter()
        start = before
        while engine.has_unfinished_requests():
            engine.step()
            now = time.perf_counter()
            self.steps.append(now - before)
            before = now
        self.tokens_per_s = REQUESTS * TOKENS / (before - start)
        worked, own = time.process_time() - worked, time.thread_time() - own
        self.tokens_per_cpu_s = REQUESTS * TOKENS / worked
        self.own_us = own / len(self.steps) * 1e6  # for each step, on the engine's thread
        self.other_us = (worked - own) / len(self.steps) * 1e6  # on all others
        self.p99_ms = statistics.quantiles(self.steps, n=100)[98] * 1e3


def measure(name: str, engine: Any, toggle: Toggle, pairs: int) -> None:
    """Print the ratios of tokens a second, by CPU time and by the clock, and the p99 ITL."""
    off: list[Round] = []
    on: list[Round] = []
    for pair in range(pairs):
        order = (False, True) if pair % 2 else (True, False)
        for active in order:
            toggle(active)
            Round(engine)
            (on if active else off).append(Round(engine))
            toggle(False)
    print(
        f"{name:42} CPU {ratio(off, on, 'tokens_per_cpu_s')} wall {ratio(off, on, 'tokens_per_s')}"
        f" tokens/s {median(off, 'tokens_per_s'):5.0f} -> {median(on, 'tokens_per_s'):5.0f}"
        f" p99 ITL {median(off, 'p99_ms'):5.2f} -> {median(on, 'p99_ms'):5.2f} ms"
        f" CPU of a step {added(off, on, 'own_us')} us, of other threads"
        f" {added(off, on, 'other_us')} us",
        flush=True,
    )


def ratio(off: list[Round], on: list[Round], field: str) -> str:
    """Return the median of the ratios of the pairs and where it lies with 95 % certainty."""
    ratios = sorted(getattr(b, field) / getattr(a, field) for a, b in zip(off, on, strict=True))
    # So many of the pairs lie on one side of the true median, whatever their distribution.
    reach = math.ceil(0.98 * math.sqrt(len(ratios)))
    middle = len(ratios) // 2
    low, high = ratios[max(middle - reach, 0)], ratios[min(middle + reach, len(ratios) - 1)]
    return f"{statistics.median(ratios):.4f} [{low:.4f}, {high:.4f}]"


def added(off: list[Round], on: list[Round], field: str) -> str:
    """Return how much more it is: from the lower quartiles, which other programs touch least."""
    low = [statistics.quantiles([getattr(each, field) for each in at], n=4)[0] for at in (off, on)]
    return f"{low[0]:.0f} {low[1] - low[0]:+.0f}"


def median(rounds: list[Round], field: str) -> float:
    return statistics.median(getattr(each, field) for each in rounds)


def load(folder: Path, *, statistics_on: bool) -> Any:
    from vllm import LLM

    llm = LLM(
        str(folder),
        dtype="float32",
        enforce_eager=True,
        max_model_len=256,
        max_num_seqs=BATCH,
        disable_log_stats=not statistics_on,
    )
    engine = llm.llm_engine
    for _ in range(3):
        Round(engine)
    return engine


class Switch:
    """Axonize in vLLM, installed once, with a switch before each function that a round calls.

    It is made before `axonize.init()`, which would put the patches in place by itself: then there
    would be no function left as vLLM has it, and both ways of the switch would be the same.
    """

    def __init__(self) -> None:
        from vllm.v1.core.sched.scheduler import Scheduler
        from vllm.v1.engine.llm_engine import LLMEngine
        from vllm.v1.engine.output_processor import OutputProcessor

        from axonize import patching
        from axonize.integrations.vllm import VLLM

        self._active = False
        owners = {each.__name__: each for each in (Scheduler, LLMEngine, OutputProcessor)}
        targets = [each.target.split(".") for each in VLLM.patches]
        found = [(owners[owner], name) for owner, name in targets if owner in owners]
        plain = [vars(owner).get(name) for owner, name in found]
        patching.install(VLLM)
        for (owner, name), original in zip(found, plain, strict=True):
            if original is None or name == "__init__":
                continue
            patched = vars(owner)[name]
            if patched is original:
                raise RuntimeError(f"{owner.__name__}.{name} was patched already, or is not now")
            setattr(owner, name, self._choose(original, patched))

    def __call__(self, active: bool) -> None:
        self._active = active

    def _choose(self, original: Any, patched: Any) -> Any:
        def choose(owner: Any, *args: Any, **kwargs: Any) -> Any:
            function = patched if self._active else original
            return function.__get__(owner, type(owner))(*args, **kwargs)

        return choose


def check(engine: Any, toggle: Toggle) -> None:
    """Raise RuntimeError unless a round is recorded with Axonize and none is without."""
    from axonize.integrations.vllm import steps

    counts = []
    original = steps.Recorder.ended

    def ended(*args: Any) -> None:
        counts[-1] += 1
        original(*args)

    steps.Recorder.ended = ended  # type: ignore[method-assign]
    for active in (False, True, False):
        counts.append(0)
        toggle(active)
        Round(engine)
    toggle(False)
    steps.Recorder.ended = original  # type: ignore[method-assign]
    if counts[0] or counts[2] or not counts[1]:
        raise RuntimeError(f"steps recorded without, with and without Axonize: {counts}")


def inside(engine: Any, toggle: Toggle) -> None:
    """Print how long our own code runs, on the spot and later, for each step and each request."""
    import axonize
    from axonize.integrations.vllm import requests, steps

    spent: dict[str, float] = {}
    undo = []
    for owner, names in (
        (steps.Recorder, ("scheduled", "ended", "arrived", "left", "_write")),
        (requests.Requests, ("begin", "end", "_end")),
    ):
        for name in names:
            original = getattr(owner, name)
            setattr(owner, name, _timed(original, spent))
            undo.append((owner, name, original))
    toggle(True)
    rounds = [Round(engine) for _ in range(4)]
    toggle(False)
    axonize.flush()
    for owner, name, original in undo:
        setattr(owner, name, original)
    counted = sum(len(each.steps) for each in rounds)
    step = (spent["scheduled"] + spent["ended"]) / counted * 1e6
    request = sum(spent[each] for each in ("arrived", "left", "begin", "end"))
    later = spent["_write"] + spent["_end"]
    print(f"inside, for each step of up to {BATCH} requests      {step:7.1f} us")
    print(f"inside, for each request                      {request / 4 / REQUESTS * 1e6:7.1f} us")
    print(f"on the thread that sends, for each step       {later / counted * 1e6:7.1f} us")


def ends_together(steps: int) -> None:
    """Print how long the record of a request takes that rode in these steps with a full batch."""
    from axonize.engine.identity import Engine
    from axonize.engine.ride import Ride, Run, Step, Stretch, record, tell

    engine, spent = Engine({}, "tiny", "e-0", 1), []
    for _ in range(9):
        run = Run(*(Step(n, n * 1000, n * 1000 + 999 + n % 7, 990, BATCH) for n in range(steps)))
        rides = [Ride(str(each), None, 1) for each in range(BATCH)]
        for ride in rides:
            ride.stretches.append(Stretch(run, 1, 0))
            ride.reason, ride.end_ns = "length", steps * 1000 + 2000
        start = time.thread_time()
        for ride in rides:
            record(ride, engine, tell(ride, engine))
        spent.append(time.thread_time() - start)
    print(f"record of a request of {steps:5} steps            {min(spent) / BATCH * 1e6:7.1f} us")


def _timed(function: Any, spent: dict[str, float]) -> Any:
    spent[function.__name__] = 0.0

    def timed(*args: Any, **kwargs: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[function.__name__] += time.thread_time() - start

    return timed


def _collect(ready: Any) -> None:
    from tests.integrations.collector import collecting

    with collecting() as collector:
        ready.send(collector.address)
        ready.recv()


@contextmanager
def collector_process() -> Iterator[str]:
    """Run a collector in a process of its own."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_collect, args=(there,))
    process.start()
    yield here.recv()
    here.send(None)
    process.join()


def main() -> None:
    import axonize
    from tests.integrations.tiny_llama import save_tiny_llama

    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    settings = [word == "on" for word in sys.argv[2:]] or [True, False]
    switch: Switch | None = None
    with tempfile.TemporaryDirectory() as folder, collector_process() as address:
        save_tiny_llama(Path(folder))
        for statistics_on in settings:
            engine = load(Path(folder), statistics_on=statistics_on)
            name = f"vLLM's statistics {'on' if statistics_on else 'off'}"
            measure(f"{name}: nothing", engine, lambda _: None, pairs // 4)
            switch = switch or Switch()
            axonize.init(endpoint=address)
            check(engine, switch)
            measure(f"{name}: Axonize", engine, switch, pairs)
            inside(engine, switch)
            for steps in (TOKENS, 1000):
                ends_together(steps)
            axonize.init(endpoint="127.0.0.1:9")
            measure(f"{name}: Axonize, collector down", engine, switch, pairs)
            axonize.shutdown(0)
            if importlib.util.find_spec("ddtrace"):
                measure(f"{name}: ddtrace", engine, ddtrace_toggle, pairs)


def ddtrace_toggle(active: bool) -> None:
    from ddtrace.contrib.internal.vllm.patch import patch, unpatch

    (patch if active else unpatch)()


if __name__ == "__main__":
    main()
