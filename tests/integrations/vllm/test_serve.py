"""`vllm serve` under `axonize-instrument`: forty mixed requests, two API servers, one engine."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integrations.checks import (
    check_mates,
    check_shares,
    check_steps,
    check_tiling,
    recorded_steps,
)
from tests.integrations.collector import Collector, Received
from tests.integrations.vllm.server import RECORDING, Asked, Server, serving

PROMPT = "The quick brown fox jumps over the lazy dog. "
SERVER_KIND = 2
EMBEDDINGS = 4


class Served:
    """What the clients saw, what the scheduler wrote down and what the collector got."""

    def __init__(self, asked: list[Asked], steps: Path, collector: Collector) -> None:
        self.asked = asked
        self.scheduled = recorded_steps(steps)
        self.collector = collector
        self.roots = collector.roots()

    def trace(self, asked: Asked) -> Received:
        """Return the one span without a parent here that the request has."""
        (root,) = self.roots[asked.trace_id]
        return root

    def of_kind(self, kind: str) -> list[tuple[Asked, Received]]:
        return [(asked, self.trace(asked)) for asked in self.asked if asked.kind == kind]

    def engine(self, name: str) -> list[Received]:
        """Return the spans of this name from the engine that made text."""
        spans = self.collector.named(name)
        return [span for span in spans if span.resource["process.pid"] == self.engine_pid]

    @property
    def engine_pid(self) -> int:
        stepping = {
            step["axonize.step.request_ids"][0]: step
            for step in self.collector.named("engine.step")
        }
        first = next(iter(self.scheduled[0]))
        pid: int = stepping[first].resource["process.pid"]
        return pid


async def ask_all(server: Server, collector: Collector) -> None:
    """Ask until both API servers have answered, one after the other, then all at once."""
    while len(pids(server.asked, collector)) < 2:
        assert len(server.asked) < 400
        await ask_anew(server)
        ids = {asked.trace_id for asked in server.asked}
        collector.wait(lambda: ids <= answered(collector))  # noqa: B023 - called at once
    for number in range(6):
        prompt = PROMPT * (1 + number % 3)
        await server.ask("alone", "/v1/completions", prompt=prompt, **STREAM)
    chat = [{"role": "user", "content": "Why was it slow?"}]
    together = [
        *(
            server.ask("stream", "/v1/completions", prompt=PROMPT * (1 + n % 6), **STREAM)
            for n in range(11)
        ),
        *(server.ask("chat", "/v1/chat/completions", messages=chat, **STREAM) for _ in range(6)),
        *(
            server.ask("choices", "/v1/completions", prompt=PROMPT, n=2, max_tokens=6)
            for _ in range(4)
        ),
        *(
            server.ask(
                "abort",
                "/v1/completions",
                prompt=PROMPT,
                stop_after=3,
                stream=True,
                max_tokens=200,
                ignore_eos=True,
            )
            for _ in range(4)
        ),
        *(
            server.ask("long", "/v1/completions", prompt=PROMPT * 40, max_tokens=4)
            for _ in range(4)
        ),
    ]
    await asyncio.gather(*together)
    await server.client.aclose()


async def ask_anew(server: Server) -> None:
    """Ask over new connections: which API server takes one is chance."""
    await server.client.aclose()
    server.client = httpx.AsyncClient(base_url=server.address, timeout=240)
    warm = [server.ask("warm", "/v1/completions", prompt=PROMPT, max_tokens=3) for _ in range(4)]
    await asyncio.gather(*warm)


def pids(asked: list[Asked], collector: Collector) -> set[int]:
    """Return the processes that have answered."""
    ids = {each.trace_id for each in asked}
    spans = [span for span in list(collector.spans) if span.kind == SERVER_KIND]
    return {span.resource["process.pid"] for span in spans if span.trace_id in ids}


def generated(asked: list[Asked]) -> int:
    """Return how many requests of the engine they are."""
    return sum({"choices": 2, "long": 0}.get(each.kind, 1) for each in asked)


KINDS = {"alone": 6, "stream": 11, "chat": 6, "choices": 4, "abort": 4, "long": 4}
STREAM: dict[str, Any] = {"stream": True, "max_tokens": 12, "temperature": 0, "ignore_eos": True}


async def embed(server: Server) -> None:
    for number in range(EMBEDDINGS):
        await server.ask("embedding", "/v1/embeddings", input=f"{PROMPT}{number}")
    await server.client.aclose()


@pytest.fixture(scope="module")
def served(model: Path, collector: Collector, tmp_path_factory: Any) -> Served:
    folder = tmp_path_factory.mktemp("serve")
    arguments = ("--scheduler-cls", RECORDING, "--api-server-count", "2", "--max-num-seqs", "8")
    with serving(model, folder, collector.address, *arguments) as server:
        asyncio.run(ask_all(server, collector))
        ids = {asked.trace_id for asked in server.asked}
        collector.wait(lambda: ids == answered(collector) & ids)
        done = generated(server.asked)
        collector.wait(lambda: len(collector.named("engine.request")) == done)
    asked = server.asked
    arguments = ("--runner", "pooling", "--distributed-executor-backend", "uni")
    with serving(model, tmp_path_factory.mktemp("embed"), collector.address, *arguments) as pooling:
        pooling.asked += asked  # the numbers go on
        asyncio.run(embed(pooling))
        collector.wait(lambda: pooling.asked[-1].trace_id in answered(collector))
        # vLLM kills its engine at once when it stops, so all must have come before.
        done = generated(pooling.asked)
        collector.wait(lambda: len(collector.named("engine.request")) == done)
    return Served(pooling.asked, server.steps, collector)


def answered(collector: Collector) -> set[str]:
    """Return the traces whose server span has come."""
    return {span.trace_id for span in list(collector.spans) if span.kind == SERVER_KIND}


def test_every_request_is_one_trace_under_the_callers(served: Served) -> None:
    kinds = Counter(asked.kind for asked in served.asked)
    assert kinds.pop("warm") >= 4
    assert kinds == {**KINDS, "embedding": EMBEDDINGS}
    for asked in served.asked:
        root = served.trace(asked)
        assert root.kind == SERVER_KIND
        assert root.parent_span_id == asked.span_id
        assert root["http.response.status_code"] == asked.status


def test_two_api_servers_share_the_work(served: Served) -> None:
    asked = [each for each in served.asked if each.kind != "embedding"]
    assert len(pids(asked, served.collector)) == 2


def test_the_time_to_the_first_token_is_the_clients(served: Served) -> None:
    """It is not before the engine has it, and not after the client has it."""
    for asked, trace in served.of_kind("alone"):
        (request,) = trace.children
        in_engine_ms = (request.child("prefill").end_ns - request.start_ns) / 1e6
        assert in_engine_ms - 1 < request["axonize.ttft_ms"] < asked.first_s * 1e3


@pytest.mark.parametrize("kind", ["alone", "stream", "chat", "choices", "abort", "embedding"])
def test_the_phases_leave_no_gap(served: Served, kind: str) -> None:
    for _, trace in served.of_kind(kind):
        (request,) = trace.children
        choices = [child for child in request.children if child.name == "choice"]
        assert len(choices) == (2 if kind == "choices" else 0)
        for each in choices or [request]:
            check_tiling(each)
            queued_ns = each.child("engine.request").start_ns - each.child("queue").start_ns
            # An abort is told by vLLM's own statistics, which look at the clock a little later.
            assert abs(queued_ns) < (100_000_000 if kind == "abort" else 1)


def test_a_stream_says_what_it_asked_for_and_got(served: Served) -> None:
    for asked, trace in [*served.of_kind("stream"), *served.of_kind("chat")]:
        (request,) = trace.children
        chat = asked.kind == "chat"
        assert request.name == ("chat tiny" if chat else "text_completion tiny")
        assert request["gen_ai.request.stream"] is True
        assert request["gen_ai.request.temperature"] == 0
        assert request["gen_ai.request.max_tokens"] == 12
        assert request["gen_ai.usage.output_tokens"] == 12
        assert request["gen_ai.response.finish_reasons"] == ["length"]
        assert request["axonize.kv_cache.blocks"] > 0
        assert request["axonize.itl.p50_ms"] <= request["axonize.itl.p99_ms"]
        assert request["axonize.engine.version"]
        assert request["axonize.engine.id"] == request.child("engine.request")["axonize.engine.id"]


def test_a_client_that_leaves_is_an_abort(served: Served) -> None:
    for asked, trace in served.of_kind("abort"):
        (request,) = trace.children
        assert len(asked.chunks) == 3
        assert request["gen_ai.response.finish_reasons"] == ["abort"]
        assert request["gen_ai.usage.output_tokens"] < 200
        assert "delivery" not in [child.name for child in request.children]
        assert request.child("engine.request")["gen_ai.response.finish_reasons"] == ["abort"]


def test_a_refused_prompt_is_an_answer_without_a_request(served: Served) -> None:
    for asked, trace in served.of_kind("long"):
        assert asked.status == 400
        assert trace.children == []


def test_an_embedding_is_one(served: Served) -> None:
    for asked, trace in served.of_kind("embedding"):
        assert asked.status == 200
        (request,) = trace.children
        assert request.name == "embeddings tiny"
        assert request["gen_ai.usage.output_tokens"] == 0


def test_the_steps_are_those_of_the_scheduler(served: Served) -> None:
    steps = served.engine("engine.step")
    check_steps(steps, served.scheduled)
    check_shares(steps, served.engine("engine.request"))
    check_mates(steps, served.collector.spans)


def test_a_cold_start_goes_from_the_process_to_the_open_port(served: Served) -> None:
    starts = {
        tuple(child.name for child in span.children): span
        for span in served.collector.named("cold start")
    }
    engine = ("engine process", "engine core")
    assert set(starts) == {
        ("imports", "config", *engine),  # the process that starts the others
        ("imports", "config", "engine", "server"),  # each API server, and the second server
    }
    core = starts[("imports", "config", *engine)].child("engine core")
    assert [child.name for child in core.children] == [
        "worker process",
        "weights",
        "kv profiling",
        "kv cache",
        "warm-up",
    ]
