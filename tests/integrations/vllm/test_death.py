"""The engine of `vllm serve` is killed under its requests: they end as errors, nothing hangs."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.integrations.checks import check_tiling
from tests.integrations.collector import Collector, Received
from tests.integrations.vllm.server import Asked, Server, serving

PROMPT = "The quick brown fox jumps over the lazy dog. "
ERROR = 2


class Death:
    """What the clients of a server saw whose engine was killed, and what the collector got."""

    def __init__(self, asked: list[Asked], collector: Collector, exit_code: int | None) -> None:
        self.asked = asked
        self.roots = collector.roots()
        self.exit_code = exit_code

    def request(self, asked: Asked) -> tuple[Received, Received]:
        """Return the server's span and the one of the request below it."""
        (server,) = self.roots[asked.trace_id]
        (request,) = server.children
        return server, request


@pytest.fixture(scope="module")
def death(model: Path, collector: Collector, tmp_path_factory: Any) -> Death:
    folder = tmp_path_factory.mktemp("death")
    with serving(model, folder, collector.address) as server:
        asyncio.run(ask_and_kill(server))
        exit_code = server.process.wait(240)
    return Death(server.asked, collector, exit_code)


async def ask_and_kill(server: Server) -> None:
    """Kill the engine when each of two streams has got something."""
    engine = engine_pid(server)  # looked for before, which takes longer than some tokens
    streams = [
        asyncio.create_task(
            server.ask(
                "killed",
                "/v1/completions",
                prompt=PROMPT,
                stream=True,
                max_tokens=200,
                ignore_eos=True,
            )
        )
        for _ in range(2)
    ]
    while not (len(server.asked) == 2 and all(asked.chunks for asked in server.asked)):
        await asyncio.sleep(0.001)
    os.kill(engine, signal.SIGKILL)
    ends = await asyncio.wait_for(asyncio.gather(*streams, return_exceptions=True), 240)
    assert all(isinstance(end, (Asked, httpx.HTTPError)) for end in ends), ends
    await server.client.aclose()


def engine_pid(server: Server) -> int:
    family = psutil.Process(server.process.pid).children(recursive=True)
    (engine,) = (each for each in family if "EngineCore" in " ".join(each.cmdline()))
    return engine.pid


def test_the_server_stops_with_its_engine(death: Death) -> None:
    assert death.exit_code is not None


def test_its_requests_end_as_errors_with_their_cause(death: Death) -> None:
    for asked in death.asked:
        assert len(asked.chunks) < 200
        server, request = death.request(asked)
        assert request.status == ERROR
        assert request["error.type"] == "EngineDeadError"
        assert request["gen_ai.response.finish_reasons"] == ["error"]
        assert 0 < request["gen_ai.usage.output_tokens"] < 200
        assert server.start_ns <= request.start_ns < request.end_ns <= server.end_ns
        check_tiling(request)
