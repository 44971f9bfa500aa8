"""Runs `vllm serve` under `axonize-instrument`, and asks it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from axonize.demo.ports import free_port
from tests.integrations.vllm.conftest import environment

RECORDING = "tests.integrations.vllm.recording_scheduler.RecordingScheduler"
SERVERS = "--api-server-count"
UP = "Application startup complete"  # what uvicorn logs, once in each process
START_S = 300  # on a busy machine each process takes half a minute to import vLLM


@dataclass
class Asked:
    """One request of a client: what it sent and what it saw."""

    kind: str
    trace_id: str
    span_id: str
    status: int = 0
    chunks: list[dict[str, Any]] = field(default_factory=list)
    first_s: float = 0.0  # from sending to the first chunk


class Server:
    def __init__(self, address: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.address = address
        self.process = process
        self.steps = folder / "steps"
        self.client = httpx.AsyncClient(base_url=address, timeout=240)
        self.asked: list[Asked] = []

    async def ask(self, kind: str, path: str, stop_after: int = 0, **body: Any) -> Asked:
        """Send one request, as a stream where it says so; leave after some chunks if asked to."""
        number = len(self.asked) + 1
        asked = Asked(kind, f"{number + 0xA0:032x}", f"{number + 0xB0:016x}")
        self.asked.append(asked)
        headers = {"traceparent": f"00-{asked.trace_id}-{asked.span_id}-01"}
        start = time.perf_counter()
        body = {"model": "tiny", **body}
        async with self.client.stream("POST", path, json=body, headers=headers) as response:
            asked.status = response.status_code
            if not body.get("stream"):
                asked.chunks.append(json.loads(await response.aread()))
                return asked
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                asked.first_s = asked.first_s or time.perf_counter() - start
                asked.chunks.append(json.loads(line.removeprefix("data: ")))
                if len(asked.chunks) == stop_after:
                    break
        return asked


@contextmanager
def serving(
    model: Path, folder: Path, collector: str, *arguments: str, **more: str
) -> Iterator[Server]:
    """Run the server until the block ends, with more variables; it is ready when that begins."""
    port = free_port()
    command = (
        *("axonize-instrument", "--endpoint", collector, "vllm", "serve", str(model)),
        *("--served-model-name", "tiny", "--dtype", "float32", "--enforce-eager"),
        *("--max-model-len", "256", "--host", "127.0.0.1", "--port", str(port), *arguments),
    )
    variables = environment(folder, RECORDED_STEPS=str(folder / "steps"), **more)
    log = folder / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, env=variables, stdout=file, stderr=file)
    try:
        servers = int(arguments[arguments.index(SERVERS) + 1]) if SERVERS in arguments else 1
        _wait(f"http://127.0.0.1:{port}/health", process, log, servers)
        yield Server(f"http://127.0.0.1:{port}", folder, process)
    finally:
        process.terminate()
        process.wait(240)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, servers: int) -> None:
    """Wait until all API servers are up; the first to be would answer for all of them."""
    end = time.monotonic() + START_S
    while True:
        assert process.poll() is None, log.read_text()[-5000:]
        assert time.monotonic() < end, log.read_text()[-5000:]
        try:
            if log.read_text().count(UP) >= servers and httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
