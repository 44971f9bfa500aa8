"""`vllm serve` is stopped while its engine is busy: nothing of what the engine did is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.collector import Collector
from tests.integrations.vllm.server import RECORDING, Server, serving

PROMPT = "The quick brown fox jumps over the lazy dog. "
HOUR = "3600000"  # so that the engine sends nothing but for being stopped


class Stopped:
    """What the scheduler did until the engine was stopped, and what the collector got."""

    def __init__(self, scheduled: list[dict[str, int]], collector: Collector) -> None:
        self.scheduled = scheduled
        self.steps = collector.named("engine.step")
        self.requests = collector.named("engine.request")


@pytest.fixture(scope="module")
def stopped(model: Path, collector: Collector, tmp_path_factory: Any) -> Stopped:
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AXONIZE_FLUSH_INTERVAL_MS", HOUR)
        arguments = ("--scheduler-cls", RECORDING)
        with serving(model, folder, collector.address, *arguments) as server:
            asyncio.run(ask_and_stop(server))
            server.process.wait(60)
    lines = server.steps.read_text().splitlines()
    return Stopped([json.loads(line) for line in lines], collector)


async def ask_and_stop(server: Server) -> None:
    """Stop the server when each of two streams has got something."""
    body = {"prompt": PROMPT, "stream": True, "max_tokens": 200, "ignore_eos": True}
    streams = [asyncio.create_task(server.ask("s", "/v1/completions", **body)) for _ in range(2)]
    while not (len(server.asked) == 2 and all(asked.chunks for asked in server.asked)):
        await asyncio.sleep(0.001)
    server.process.terminate()
    # Cut off anywhere, in the middle of a line too.
    await asyncio.wait_for(asyncio.gather(*streams, return_exceptions=True), 60)
    await server.client.aclose()


def test_every_step_arrives(stopped: Stopped) -> None:
    steps = sorted(stopped.steps, key=lambda step: step.attributes["axonize.step.number"])
    assert [step["axonize.step.number"] for step in steps] == [
        number + 1 for number in range(len(stopped.scheduled))
    ]


def test_the_requests_that_were_under_way_arrive_as_aborted(stopped: Stopped) -> None:
    assert len(stopped.requests) == 2
    for request in stopped.requests:
        assert request["gen_ai.response.finish_reasons"] == ["abort"]
        assert 0 < request["axonize.step.count"] < 200
