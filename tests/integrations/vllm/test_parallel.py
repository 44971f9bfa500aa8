"""Two engines side by side, and one engine whose model two workers share, on the real engine.

On a CPU a worker may not be bound to cores of its own where there is one NUMA node.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from tests.integrations.checks import check_mates, check_shares, check_tiling
from tests.integrations.collector import Collector, Received, collecting
from tests.integrations.vllm.server import Asked, Server, serving

PROMPT = "The quick brown fox jumps over the lazy dog. "
REQUESTS = 8
TOKENS = 12
PROCESSES, EACH_GIB = 6, 1.0  # that import vLLM, and what each of them takes
SETTINGS = {"VLLM_CPU_OMP_THREADS_BIND": "nobind"}

pytestmark = pytest.mark.skipif(
    psutil.virtual_memory().available < PROCESSES * EACH_GIB * 2**30,
    reason=f"{PROCESSES} processes of vLLM need {PROCESSES * EACH_GIB} GiB of memory",
)


class Run:
    """What the clients saw, what the collector got and what the server has said."""

    def __init__(self, asked: list[Asked], collector: Collector, log: str) -> None:
        self.asked = asked
        self.collector = collector
        self.roots = collector.roots()
        self.log = log

    def by_engine(self, name: str) -> dict[str, list[Received]]:
        """Return the spans of this name by the id of their engine."""
        found: dict[str, list[Received]] = {}
        for span in self.collector.named(name):
            found.setdefault(span["axonize.engine.id"], []).append(span)
        return found


async def ask(server: Server) -> None:
    asked = [
        server.ask(
            "completion",
            "/v1/completions",
            prompt=PROMPT * (1 + number % 3),
            max_tokens=TOKENS,
            ignore_eos=True,
        )
        for number in range(REQUESTS)
    ]
    await asyncio.gather(*asked)
    await server.client.aclose()


def serve(model: Path, folder: Path, *arguments: str, **more: str) -> Run:
    with collecting() as collector:
        with serving(model, folder, collector.address, *arguments, **SETTINGS, **more) as server:
            asyncio.run(ask(server))
            ids = {asked.trace_id for asked in server.asked}
            collector.wait(lambda: len(collector.named("engine.request")) == REQUESTS)
            collector.wait(lambda: ids <= {each.trace_id for each in list(collector.spans)})
        return Run(server.asked, collector, (folder / "server.log").read_text())


@pytest.fixture(scope="module")
def side_by_side(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    arguments = ("--data-parallel-size", "2", "--api-server-count", "1")
    return serve(model, tmp_path_factory.mktemp("side-by-side"), *arguments)


@pytest.fixture(scope="module")
def shared(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    gpus = {"AXONIZE_ENGINE_GPUS": "cuda:0,cuda:1"}
    folder = tmp_path_factory.mktemp("shared")
    return serve(model, folder, "--tensor-parallel-size", "2", **gpus)


def check_requests(run: Run) -> None:
    """Each is one trace under its caller's, with the phases of its engine."""
    for asked in run.asked:
        assert asked.status == 200
        (root,) = run.roots[asked.trace_id]
        assert root.parent_span_id == asked.span_id
        (request,) = root.children
        assert request["gen_ai.usage.output_tokens"] == TOKENS
        assert request["axonize.engine.id"] == request.child("engine.request")["axonize.engine.id"]
        check_tiling(request)
    assert "Traceback" not in run.log


def check_engine(run: Run, steps: list[Received], requests: list[Received]) -> None:
    """The steps of an engine are its own, one record each, and its requests have all of them."""
    numbers = [step["axonize.step.number"] for step in steps]
    assert sorted(numbers) == list(range(1, len(steps) + 1))
    assert len({step.resource["process.pid"] for step in [*steps, *requests]}) == 1
    check_shares(steps, requests)
    check_mates(steps, run.collector.spans)


def test_engines_side_by_side_have_steps_and_requests_of_their_own(side_by_side: Run) -> None:
    check_requests(side_by_side)
    steps, requests = map(side_by_side.by_engine, ("engine.step", "engine.request"))
    assert {engine.rpartition("-")[2] for engine in steps} == {"0", "1"}
    assert steps.keys() == requests.keys()
    for engine, own in steps.items():
        check_engine(side_by_side, own, requests[engine])
    assert len({each[0].resource["process.pid"] for each in steps.values()}) == 2


def test_engines_side_by_side_start_in_one_trace(side_by_side: Run) -> None:
    (start,) = side_by_side.collector.named("cold start")
    (root,) = side_by_side.roots[start.trace_id]
    names = [span.name for span in root.all()]
    assert {name: names.count(name) for name in ("engine core", "weights", "warm-up")} == {
        "engine core": 2,
        "weights": 2,
        "warm-up": 2,
    }


def test_an_engine_over_two_workers_records_each_step_once_for_both_gpus(shared: Run) -> None:
    check_requests(shared)
    ((engine, steps),) = shared.by_engine("engine.step").items()
    ((other, requests),) = shared.by_engine("engine.request").items()
    assert engine == other
    check_engine(shared, steps, requests)
    for each in [*steps, *requests]:
        assert each["axonize.gpu.count"] == 2
    for step in steps:
        assert step["axonize.gpu.seconds"] == 2 * step["axonize.step.busy_seconds"]
    for request in requests:
        assert request["axonize.gpu.seconds"] == 2 * request["axonize.engine.seconds"]
        labels = [request[f"gpu.{number}.label"] for number in range(2)]
        assert labels == ["cuda:0", "cuda:1"]


def test_both_workers_are_in_the_cold_start_by_their_ranks(shared: Run) -> None:
    for name in ("weights", "kv profiling", "kv cache", "warm-up"):
        spans = shared.collector.named(name)
        assert sorted(span["axonize.worker.rank"] for span in spans) == [0, 1]
        assert len({span.resource["process.pid"] for span in spans}) == 2
