"""Six slow requests to the real engine, each slow for a reason that its explanation must name."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from tests.integrations.checks import recorded_steps
from tests.integrations.vllm.server import RECORDING, Asked, Server, serving
from tests.server.serving import ServeProcess

# What answers with a REST API runs where the server is installed beside vLLM.
pytest.importorskip("chdb")

PROMPT = "The quick brown fox jumps over the lazy dog. "
TOKEN = 9
ARGUMENTS = (
    *("--max-model-len", "4096", "--hf-overrides", json.dumps({"max_position_embeddings": 4096})),
    *("--max-num-seqs", "8", "--max-num-batched-tokens", "512", "--no-enable-prefix-caching"),
    # 120 blocks of 128 tokens: see `preempted`.
    *("--num-gpu-blocks-override", "121", "--scheduler-cls", RECORDING),
)
STREAM: dict[str, Any] = {"stream": True, "temperature": 0, "ignore_eos": True}
COMPLETIONS = "/v1/completions"
WHOLE = {"POST /v1/completions", "engine.request"}


class Client:
    """A client that is traced by OpenTelemetry, and waits for its server."""

    def __init__(self, http: str) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        exporter = OTLPSpanExporter(http + "/v1/traces")
        self.provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = self.provider.get_tracer("tests.client")
        self.span = tracer.start_span("ask the model", kind=SpanKind.CLIENT)

    def ask(self, address: str) -> str:
        """Ask once and end the span; return the trace's id."""
        context = self.span.get_span_context()
        trace_id = format(context.trace_id, "032x")
        parent = f"00-{trace_id}-{context.span_id:016x}-01"
        body = {"model": "tiny", "prompt": PROMPT, "max_tokens": 4}
        answer = httpx.post(
            address + COMPLETIONS, json=body, headers={"traceparent": parent}, timeout=240
        )
        assert answer.status_code == 200
        self.span.end()
        self.provider.shutdown()
        return trace_id


async def stage(server: Server, http: str) -> dict[str, str]:
    """Make the slow requests, the one that ends the engine last; return their traces by cause."""
    staged = {
        "output": (
            await server.ask("output", COMPLETIONS, prompt=PROMPT, max_tokens=400, **STREAM)
        ).trace_id,
        "abort": (
            await server.ask(
                "abort", COMPLETIONS, prompt=PROMPT, stop_after=20, max_tokens=400, **STREAM
            )
        ).trace_id,
        "prefill_of_others": await behind_prefill(server),
        "preemption": await preempted(server),
    }
    wait_for(http, staged["preemption"], WHOLE)  # what the engine has recorded would die with it
    staged["error"] = await killed(server)
    await server.client.aclose()
    return staged


async def behind_prefill(server: Server) -> str:
    """Ask for four tokens behind three prompts of 3,500."""
    long = [
        asyncio.create_task(
            server.ask("long", COMPLETIONS, prompt=[TOKEN] * 3500, max_tokens=1, **STREAM)
        )
        for _ in range(3)
    ]
    await until(lambda: any(sum(step.values()) >= 512 for step in recorded_steps(server.steps)))
    behind = await server.ask("behind", COMPLETIONS, prompt=PROMPT, max_tokens=4, **STREAM)
    await asyncio.gather(*long)
    return behind.trace_id


async def preempted(server: Server) -> str:
    """Ask with a long prompt while five older requests fill the KV cache, block by block.

    The older ones grow from 16 blocks each to 23, 115 in all, which fit. The 28 blocks of the
    youngest fit beside them until they have made 374 tokens, so it has until then to come, and is
    preempted then, for it wants more tokens than it can have got by that time: 224. It wants few
    more, so that it waits far longer than it decodes, however unsteady the machine is.
    """
    older = [
        asyncio.create_task(
            server.ask("older", COMPLETIONS, prompt=[TOKEN] * 1930, max_tokens=1000, **STREAM)
        )
        for _ in range(5)
    ]

    # What their clients have read says less: a client that is late gets several tokens at once.
    def tokens_of_each() -> int:
        return sum(list(step.values()) == [1] * 5 for step in recorded_steps(server.steps))

    await until(lambda: tokens_of_each() >= 150)
    victim = await server.ask(
        "victim", COMPLETIONS, prompt=[TOKEN] * 3500, max_tokens=250, **STREAM
    )
    await asyncio.gather(*older)
    return victim.trace_id


async def killed(server: Server) -> str:
    """Kill the engine under a stream."""
    family = psutil.Process(server.process.pid).children(recursive=True)
    (engine,) = (each for each in family if "EngineCore" in " ".join(each.cmdline()))
    stream = asyncio.create_task(
        server.ask("killed", COMPLETIONS, prompt=PROMPT, max_tokens=400, **STREAM)
    )
    await until(lambda: server.asked[-1].kind == "killed" and len(server.asked[-1].chunks) > 5)
    os.kill(engine.pid, signal.SIGKILL)
    (end,) = await asyncio.wait_for(asyncio.gather(stream, return_exceptions=True), 240)
    assert isinstance(end, (Asked, httpx.HTTPError)), end
    return server.asked[-1].trace_id


async def until(enough: Callable[[], bool]) -> None:
    while not enough():
        await asyncio.sleep(0.001)


def read(url: str) -> Any:
    """Return what the server answers; None for what it does not have, yet."""
    answer = httpx.get(url, timeout=120)
    return answer.raise_for_status().json() if answer.status_code != 404 else None


def wait_for(http: str, trace_id: str, expected: set[str]) -> dict[str, Any]:
    """Return the explanation of a trace when all of its spans have come."""
    end = time.monotonic() + 240
    names: set[str] = set()
    before: dict[str, Any] = {}
    same = 0
    while time.monotonic() < end:
        trace = read(f"{http}/api/v1/traces/{trace_id}")
        names = {span["name"] for span in trace["spans"]} if trace else set()
        if expected <= names:
            explained: dict[str, Any] = read(f"{http}/api/v1/traces/{trace_id}/explain")
            same = same + 1 if explained == before else 0
            if same == 2:
                return explained
            before = explained
        time.sleep(1.5)  # the steps come in requests of their own
    raise AssertionError(names)


@pytest.fixture(scope="module")
def explained(model: Path, tmp_path_factory: Any) -> Iterator[dict[str, dict[str, Any]]]:
    """Return what the server says of each staged request."""
    folder = tmp_path_factory.mktemp("explain")
    axonize = ServeProcess(folder / "data")
    try:
        state = axonize.wait_ready()
        http = state["http"]
        client = Client(http)
        with serving(model, folder, state["grpc"], *ARGUMENTS) as server:
            staged = {"cold_start": client.ask(server.address)}
            staged |= asyncio.run(stage(server, http))
        expected = {"error": {"POST /v1/completions"}, "cold_start": {"ask the model", *WHOLE}}
        yield {
            cause: wait_for(http, trace_id, expected.get(cause, WHOLE))
            for cause, trace_id in staged.items()
        }
    finally:
        axonize.end()


@pytest.mark.parametrize(
    ("cause", "verdict"),
    [
        ("cold_start", r"Waited .* s for the cold start of the engine\."),
        ("output", r"Decoded 399 tokens for .*\."),
        ("abort", r"The client left after .*, in decode after \d+ tokens\. .*"),
        ("prefill_of_others", r"Queued .* behind the prefill of .*, [\d,]+ tokens\..*"),
        ("preemption", r"Preempted: .*, (once|\d times), .* to compute tokens again\..*"),
        ("error", r"Failed in text_completion tiny after .* with EngineDeadError\. Decode.*"),
    ],
)
def test_each_names_its_cause(
    explained: dict[str, dict[str, Any]], cause: str, verdict: str
) -> None:
    found = explained[cause]
    assert found["causes"][0] == cause
    assert re.fullmatch(verdict, found["verdict"])


def test_the_parts_are_all_of_the_time(explained: dict[str, dict[str, Any]]) -> None:
    for found in explained.values():
        assert sum(part["duration_ns"] for part in found["parts"]) == found["duration_ns"]
        assert not found["cut"]


def test_each_has_its_evidence(explained: dict[str, dict[str, Any]]) -> None:
    first = {cause: found["parts"][0]["evidence"] for cause, found in explained.items()}
    assert len(first["cold_start"]["traces"]) == 1
    assert first["cold_start"]["counters"]["engine_ms"] > 0
    assert first["output"]["counters"]["output_tokens"] == 400
    assert first["output"]["steps"][0]["count"] == 399
    behind = first["prefill_of_others"]
    assert 0 < behind["counters"]["others_prefill_tokens"] <= 3 * 3500
    assert all(mate["prefill_tokens"] and mate["trace_id"] for mate in behind["mates"])
    paused = first["preemption"]
    assert paused["counters"]["preemptions"] >= 1
    assert paused["counters"]["kv_cache_usage_max"] > 0.9
    assert paused["mate_count"] == 5
    (left,) = explained["abort"]["facts"]
    assert left["evidence"]["attributes"]["gen_ai.response.finish_reasons"] == "abort"
    (error,) = explained["error"]["facts"]
    assert error["evidence"]["attributes"]["error.type"] == "EngineDeadError"
