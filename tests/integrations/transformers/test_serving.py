"""`transformers serve` under `axonize-instrument`: from the request to the tokens in one trace."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from axonize.demo.ports import free_port
from tests.integrations.checks import check_mates, check_shares, check_tiling
from tests.integrations.collector import Collector, collecting
from tests.integrations.tiny_llama import save_tiny_llama

BATCHING = ("--continuous-batching", "--cb-num-blocks", "32", "--cb-max-batch-tokens", "64")
CALLER = 0xB0
START_S = 300


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@contextmanager
def serving(model: Path, collector: Collector, log: Path, *arguments: str) -> Iterator[str]:
    port = free_port()
    command = (
        *("axonize-instrument", "--endpoint", collector.address),
        *(sys.executable, "-m", "transformers.cli.transformers", "serve"),
        *("--host", "127.0.0.1", "--port", str(port), "--device", "cpu", *arguments, str(model)),
    )
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    variables = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1", "AXONIZE_GPU_PROFILING": "0"}
    with log.open("w") as file:
        process = subprocess.Popen(command, env=variables, stdout=file, stderr=file)
    try:
        wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(240)


def wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while True:
        assert process.poll() is None, log.read_text()[-5000:]
        assert time.monotonic() < end, log.read_text()[-5000:]
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)


def ask(address: str, model: Path, number: int, *, stream: bool) -> None:
    """Ask with a traceparent of its own."""
    trace_id, span_id = f"{CALLER + number:032x}", f"{CALLER + number:016x}"
    answer = httpx.post(
        f"{address}/v1/chat/completions",
        json={
            "model": str(model),
            "messages": [{"role": "user", "content": "Why was it slow?"}],
            "max_tokens": 5,
            "stream": stream,
        },
        headers={"traceparent": f"00-{trace_id}-{span_id}-01"},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("arguments", [(), BATCHING], ids=["one by one", "batched"])
def test_a_request_and_its_tokens_are_one_trace(
    tmp_path: Path, collector: Collector, arguments: tuple[str, ...]
) -> None:
    model = save_tiny_llama(tmp_path / "tiny-llama")
    with serving(model, collector, tmp_path / "log", *arguments) as address:
        for number in (0, 1):
            ask(address, model, number, stream=bool(number))
        collector.wait(lambda: len(collector.named("POST /v1/chat/completions")) == 2)
        collector.wait(lambda: len(collector.named("decode")) == 2)
    roots = collector.roots()
    for number in (0, 1):
        (server,) = roots[f"{CALLER + number:032x}"]
        assert server.parent_span_id == f"{CALLER + number:016x}"
        asked = server.child("text_completion tiny-llama")
        assert asked["gen_ai.usage.output_tokens"] <= 5
        assert {"prefill", "decode"} <= {child.name for child in asked.children}
        if arguments:
            check_tiling(asked)
            assert asked["gen_ai.request.stream"] is bool(number)
    if arguments:
        steps = collector.named("engine.step")
        check_shares(steps, collector.named("engine.request"))
        check_mates(steps, collector.spans)
