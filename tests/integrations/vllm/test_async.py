"""A program of its own on AsyncLLM: streams, aborts, and an engine that is killed under it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.checks import check_tiling
from tests.integrations.collector import Collector, Received
from tests.integrations.vllm.conftest import environment
from tests.integrations.vllm.server import START_S

PROGRAM = ("-m", "tests.integrations.vllm.async_program")
ANSWERED = 6  # requests before the engine is killed
ERROR = 2


class Run:
    """What the callers of the engine saw and what the collector got."""

    def __init__(self, seen: dict[str, Any], collector: Collector) -> None:
        self.seen = seen
        self.collector = collector
        self.roots = [root for roots in collector.roots().values() for root in roots]

    def request(self, name: str) -> Received:
        """Return the span of the request that the program called so."""
        spans = (span for root in self.roots for span in root.all())
        (found,) = (span for span in spans if span.attributes.get("gen_ai.response.id") == name)
        return found


@pytest.fixture(scope="module")
def run(model: Path, collector: Collector, tmp_path_factory: Any) -> Run:
    folder = tmp_path_factory.mktemp("async")
    log, answers = folder / "log", folder / "answers.json"
    # An hour, so that the engine has sent nothing but for being idle when it is killed.
    hour = {"AXONIZE_FLUSH_INTERVAL_MS": "3600000"}
    variables = environment(folder, AXONIZE_ENDPOINT=collector.address, **hour)
    command = ("axonize-instrument", sys.executable, *PROGRAM, str(model), str(answers))
    with log.open("w") as file:
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=variables, stdin=pipe, stdout=file, stderr=file)
    try:
        collector.wait(lambda: len(collector.named("engine.request")) == ANSWERED, START_S)
    finally:
        process.communicate(b"\n", timeout=240)
    assert process.returncode == 0, log.read_text()[-5000:]
    return Run(json.loads(answers.read_text()), collector)


def test_streams_are_requests_that_tile(run: Run) -> None:
    for number, counts in enumerate(run.seen["streams"]):
        request = run.request(f"stream-{number}")
        assert request["gen_ai.usage.output_tokens"] == sum(counts) == 8
        assert request["gen_ai.response.finish_reasons"] == ["length"]
        assert request["gen_ai.request.stream"] is True
        assert request["gen_ai.operation.name"] == "text_completion"
        assert request.child("engine.request")["axonize.step.count"] == 8
        assert request.parent_span_id == ""
        check_tiling(request)


def test_the_callers_trace_goes_on(run: Run) -> None:
    request = run.request("called")
    assert (request.trace_id, request.parent_span_id) == (f"{0xC1:032x}", f"{0xD1:016x}")
    assert request["gen_ai.usage.output_tokens"] == sum(run.seen["called"]) == 5


@pytest.mark.parametrize("name", ["left", "aborted"])
def test_a_request_that_is_given_up_is_an_abort(run: Run, name: str) -> None:
    request = run.request(name)
    assert request["gen_ai.response.finish_reasons"] == ["abort"]
    assert request.status != ERROR
    assert 0 < request["gen_ai.usage.output_tokens"] < 400
    assert request.child("engine.request")["gen_ai.response.finish_reasons"] == ["abort"]
    assert "delivery" not in [child.name for child in request.children]
    check_tiling(request)


def test_who_aborted_is_told_so_by_vllm(run: Run) -> None:
    assert run.seen["aborted"] == "abort"


def test_requests_of_a_killed_engine_end_as_errors(run: Run) -> None:
    assert run.seen["killed"] == ["EngineDeadError"] * 2
    for number in range(2):
        request = run.request(f"killed-{number}")
        assert request.status == ERROR
        assert request["error.type"] == "EngineDeadError"
        assert request["gen_ai.response.finish_reasons"] == ["error"]
        assert request["gen_ai.usage.output_tokens"] < 400
        check_tiling(request)
