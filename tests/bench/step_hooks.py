"""What both hooks of a vLLM step take: `python -m tests.bench.step_hooks [rounds]`.

Each version of the core follows a scheduler that hands out batches made before, as vLLM's is
followed, and notes steps of which every 32 are forgotten: what is recorded of them later does not
count. What is printed is CPU time of the thread, less that of the same scheduler that nobody
follows: warm, in a loop, the lowest of the rounds; and cold, with 6 MB written over before each
step as a model would, the lower quartile of all.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import numpy as np

from axonize import guard
from axonize.integrations.vllm.gauges import find_gauge
from axonize.integrations.vllm.steps import AT_ONCE
from tests.bench.span import cores

BATCHES = (1, 8, 32, 64)  # requests
WARM, COLD = 10_000, 400  # steps a round
OVERWRITTEN = np.zeros(6_000_000, np.uint8)
RESULTS: dict[int, Any] = {}  # by client: nobody is told of anything


@dataclass
class CachedRequestData:
    """The requests of a batch that were in an earlier one, by the fields that are read."""

    req_ids: list[str]
    num_output_tokens: list[int]


@dataclass
class SchedulerOutput:
    """A batch in which each request makes one token, by the fields that are read."""

    scheduled_cached_reqs: CachedRequestData
    num_scheduled_tokens: dict[str, int]
    total_num_scheduled_tokens: int
    scheduled_new_reqs: list[Any] = field(default_factory=list)
    scheduled_spec_decode_tokens: dict[str, list[int]] = field(default_factory=dict)
    preempted_req_ids: set[str] | None = None


@dataclass
class ModelRunnerOutput:
    """What the model made of a batch."""

    req_ids: list[str]
    sampled_token_ids: list[list[int]]
    cudagraph_stats: Any = None


class Scheduler:
    """Has the same requests in every batch; a batch and its lists are its own, as vLLM's are."""

    _axonize_recorder: Any

    def __init__(self, requests: int) -> None:
        ids = [f"cmpl-{number:032x}-0" for number in range(requests)]
        self._outputs = cycle([batch(ids) for _ in range(2 * AT_ONCE)])
        self._counts = (requests, 0)
        self.made = ModelRunnerOutput(ids, [[7]] * requests)
        queue = SimpleNamespace(num_free_blocks=4_095)
        pool = SimpleNamespace(free_block_queue=queue, num_gpu_blocks=8_191)
        self.kv_cache_manager = SimpleNamespace(block_pool=pool, usage=0.5)

    def schedule(self) -> SchedulerOutput:
        """Return the next batch."""
        return next(self._outputs)

    def update_from_output(
        self, scheduler_output: SchedulerOutput, model_runner_output: ModelRunnerOutput
    ) -> dict[int, Any]:
        """Take what the model made."""
        return RESULTS

    def get_request_counts(self) -> tuple[int, int]:
        """Return how many requests run and wait."""
        return self._counts


def batch(ids: list[str]) -> SchedulerOutput:
    cached = CachedRequestData(list(ids), [5] * len(ids))
    return SchedulerOutput(cached, dict.fromkeys(ids, 1), len(ids))


def followed(core: Any, requests: int) -> Scheduler:
    """Return a scheduler that a version of the core follows."""

    class Log(core.StepLog):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._at_once = AT_ONCE

        def _find_gauge(self, manager: Any) -> Callable[[Any], Any]:
            self._gauge, _ = find_gauge(manager)
            return self._gauge

        def _board(self, output: SchedulerOutput, _: Any) -> tuple[Any, ...]:
            tokens = output.num_scheduled_tokens
            return (True, list(tokens), output.total_num_scheduled_tokens)

        def _record_ended(self) -> None:
            self._ended: list[Any] = []

    class Followed(Scheduler):
        pass

    def find(_: Any) -> Any:
        raise AssertionError("the log is on the scheduler")

    for follow, name in (("follow_schedule", "schedule"), ("follow_update", "update_from_output")):
        original = getattr(Scheduler, name)
        replacement = getattr(core, follow)(original, find)
        setattr(Followed, name, functools.wraps(original)(replacement))
    scheduler = Followed(requests)
    scheduler._axonize_recorder = Log()
    return scheduler


def warm(scheduler: Scheduler) -> float:
    """Return what a step takes in a loop, us."""
    made = scheduler.made
    begin = time.thread_time_ns()
    for _ in range(WARM):
        scheduler.update_from_output(scheduler.schedule(), made)
    return (time.thread_time_ns() - begin) / WARM / 1e3


def cold(scheduler: Scheduler) -> list[float]:
    """Return what each step takes whose code and data may not be in the caches, us."""
    made, times = scheduler.made, []
    for _ in range(COLD):
        np.add(OVERWRITTEN, 1, out=OVERWRITTEN)
        begin = time.thread_time_ns()
        scheduler.update_from_output(scheduler.schedule(), made)
        times.append((time.thread_time_ns() - begin) / 1e3)
    return times


def measure(requests: int, rounds: int) -> dict[tuple[str, str], float]:
    """Return what both hooks take of a batch of so many requests, us, by version and kind."""
    plain = "nobody"
    schedulers = {plain: Scheduler(requests)}
    schedulers |= {name: followed(core, requests) for name, core in cores().items()}
    lowest = dict.fromkeys(schedulers, float("inf"))
    each: dict[str, list[float]] = {name: [] for name in schedulers}
    for _ in range(rounds):
        for name, scheduler in schedulers.items():
            lowest[name] = min(lowest[name], warm(scheduler))
            each[name] += cold(scheduler)
    quarter = {name: float(np.percentile(times, 25)) for name, times in each.items()}
    kinds = {"warm": lowest, "cold": quarter}
    return {
        (name, kind): found[name] - found[plain]
        for name in schedulers
        if name != plain
        for kind, found in kinds.items()
    }


def main() -> None:
    """Print a row for each version of the core, warm and cold."""
    guard.set_strict(True)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    found = {requests: measure(requests, rounds) for requests in BATCHES}
    print(f"{'both hooks of a step, us':32}" + "".join(f"{f'batch {n}':>10}" for n in BATCHES))
    for name, kind in found[BATCHES[0]]:
        times = "".join(f"{found[requests][name, kind]:>10.2f}" for requests in BATCHES)
        print(f"{f'{name}, {kind}':32}{times}")


if __name__ == "__main__":
    main()
