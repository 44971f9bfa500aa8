"""An offline program with several engines, with tracing and without, on the real engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.checks import (
    check_mates,
    check_shares,
    check_steps,
    check_tiling,
    recorded_steps,
)
from tests.integrations.collector import Collector, Received
from tests.integrations.vllm.conftest import environment

PROGRAM = ("-m", "tests.integrations.vllm.program")


class Run:
    """What the program answered with tracing and without, and what it told the collector."""

    def __init__(
        self, traced: dict[str, Any], plain: dict[str, Any], collector: Collector, steps: Path
    ) -> None:
        self.traced = traced
        self.plain = plain
        self.recorded = recorded_steps(steps)
        self.engines: dict[int, list[Received]] = {}
        self.roots: dict[int, list[Received]] = {}
        for roots in collector.roots().values():
            for root in roots:
                pid = root.resource["process.pid"]
                self.roots.setdefault(pid, []).append(root)
                self.engines.setdefault(pid, []).extend(root.all())

    def part(self, number: int) -> list[Received]:
        """Return the spans of one engine; they started one after the other."""
        pids = sorted(self.engines, key=lambda pid: self.engines[pid][0].start_ns)
        return self.engines[pids[number]]


@pytest.fixture(scope="module")
def run(model: Path, adapter: Path, collector: Collector, tmp_path_factory: Any) -> Run:
    folder = tmp_path_factory.mktemp("run")

    def start(name: str, *command: str) -> dict[str, Any]:
        answers, log = folder / f"{name}.json", folder / f"{name}.log"
        variables = environment(
            folder,
            VLLM_ENABLE_V1_MULTIPROCESSING="0",
            RECORDED_STEPS=str(folder / f"{name}.steps"),
            AXONIZE_ENDPOINT=collector.address,
        )
        arguments = (*command, *PROGRAM, str(model), str(adapter), str(answers))
        with log.open("w") as file:
            code = subprocess.call(arguments, env=variables, stdout=file, stderr=file)
        assert code == 0, log.read_text()[-5000:]
        found: dict[str, Any] = json.loads(answers.read_text())
        return found

    traced = start("traced", "axonize-instrument", sys.executable)
    return Run(traced, start("plain", sys.executable), collector, folder / "traced.steps")


def named(spans: list[Received], name: str) -> list[Received]:
    return [span for span in spans if span.name == name]


def requests(spans: list[Received]) -> list[Received]:
    return [
        span
        for span in spans
        if "axonize.request.id" in span.attributes
        and span.kind == 1
        and span.name != "engine.request"
    ]


def test_the_answers_are_the_same_token_for_token(run: Run) -> None:
    assert run.traced == run.plain
    assert len({tuple(answer[0]) for answer in run.traced["many"][0]}) > 4


def test_a_call_has_one_child_for_each_prompt(run: Run) -> None:
    spans = run.part(0)
    call = min(named(spans, f"text_completion {model_of(spans)}"), key=lambda span: span.start_ns)
    assert call["axonize.batch_size"] == 64
    assert call["gen_ai.operation.name"] == "text_completion"
    assert len(call.children) == 64
    for child in call.children:
        assert child["gen_ai.request.temperature"] == 0
        assert child["gen_ai.usage.output_tokens"] == 12
        assert child["gen_ai.response.finish_reasons"] == ["length"]
        assert child["axonize.ttft_ms"] < child.duration_ms
        assert [each.name for each in child.children if each.name == "engine.request"]
        check_tiling(child)
    assert "gen_ai.usage.output_tokens" not in call.attributes


def test_the_steps_are_those_of_the_scheduler(run: Run) -> None:
    spans = run.part(0)
    steps = named(spans, "engine.step")
    check_steps(steps, run.recorded)
    check_shares(steps, named(spans, "engine.request"))
    check_mates(steps, spans)


def test_prompts_are_read_in_chunks_and_from_the_cache(run: Run) -> None:
    spans = run.part(0)
    steps = named(spans, "engine.step")
    mixed = [
        step
        for step in steps
        if 0 < sum(step["axonize.step.prefill_tokens"]) < step["axonize.step.total_tokens"]
    ]
    assert mixed
    assert sum(map(cached, requests(spans))) > 0


def cached(span: Received) -> int:
    found: int = span.attributes.get("gen_ai.usage.cache_read.input_tokens", 0)
    return found


def model_of(spans: list[Received]) -> str:
    found: str = named(spans, "engine.step")[0]["gen_ai.request.model"]
    return found


def test_several_answers_are_choices_of_one_request(run: Run) -> None:
    spans = run.part(0)
    (asked,) = [span for span in spans if span.attributes.get("gen_ai.request.choice.count") == 3]
    choices = named(asked.children, "choice")
    assert sorted(choice["axonize.choice.index"] for choice in choices) == [0, 1, 2]
    assert asked["gen_ai.usage.output_tokens"] == 18
    assert asked["gen_ai.response.finish_reasons"] == ["length"] * 3
    for choice in choices:
        assert choice["axonize.choice.output_tokens"] == 6
        check_tiling(choice)


def test_a_conversation_is_a_chat(run: Run) -> None:
    spans = run.part(0)
    call, asked = named(spans, f"chat {model_of(spans)}")
    assert asked.parent_span_id == call.span_id
    assert asked["gen_ai.operation.name"] == "chat"


def test_a_preempted_request_says_so(run: Run) -> None:
    spans = run.part(1)
    steps = named(spans, "engine.step")
    preempted = [each for step in steps for each in step.attributes.get(PREEMPTED, [])]
    assert preempted
    for span in [*requests(spans), *named(spans, "engine.request")]:
        times = span["axonize.preemption.count"]
        assert times == preempted.count(span["axonize.request.id"])
        assert [name for name, _ in span.events] == ["preempted", "resumed"] * times
        moments = [moment for _, moment in span.events]
        assert moments == sorted(moments)
        if times:
            assert span.start_ns < moments[0] < moments[-1] < span.end_ns
            paused = sum(b - a for a, b in zip(moments[::2], moments[1::2], strict=True))
            assert span["axonize.preemption.ms"] == pytest.approx(paused / 1e6)
    check_shares(steps, named(spans, "engine.request"))
    check_mates(steps, spans)


PREEMPTED = "axonize.step.preempted_ids"


def test_proposed_tokens_are_counted(run: Run) -> None:
    spans = run.part(2)
    steps = [step for step in named(spans, "engine.step") if DRAFTS in step.attributes]
    for asked in requests(spans):
        drafted = sum(columns_of(step, DRAFTS, asked) for step in steps)
        accepted = sum(columns_of(step, ACCEPTED, asked) for step in steps)
        assert asked["axonize.speculation.draft_tokens"] == drafted > 0
        assert asked["axonize.speculation.accepted_tokens"] == accepted <= drafted
        made = asked["axonize.step.count"] - 1 + accepted  # one step reads the prompt
        assert asked["gen_ai.usage.output_tokens"] <= made + 1


DRAFTS, ACCEPTED = "axonize.step.draft_tokens", "axonize.step.accepted_tokens"


def columns_of(step: Received, column: str, asked: Received) -> int:
    ids = step["axonize.step.request_ids"]
    each = asked["axonize.request.id"]
    return int(step[column][ids.index(each)]) if each in ids else 0


def test_an_embedding_has_no_tokens_to_make(run: Run) -> None:
    spans = run.part(3)
    calls = named(spans, f"embeddings {model_of(spans)}")
    (call,) = [span for span in calls if "axonize.batch_size" in span.attributes]
    assert call["axonize.batch_size"] == 3
    for asked in call.children:
        assert asked["gen_ai.operation.name"] == "embeddings"
        assert asked["gen_ai.usage.output_tokens"] == 0
        assert "axonize.ttft_ms" not in asked.attributes
        check_tiling(asked)


def test_an_adapter_is_named(run: Run) -> None:
    asked = requests(run.part(4))
    assert [span.attributes.get("axonize.lora.name") for span in asked] == ["pirate", None]


def test_a_cold_start_is_one_trace(run: Run) -> None:
    spans = run.part(1)
    (start,) = named(spans, "cold start")
    assert start.attributes["axonize.setup"] is True
    names = [child.name for child in start.children]
    assert names == ["imports", "config", "engine"]
    (core,) = start.child("engine").children
    assert [child.name for child in core.children] == [
        "weights",
        "kv profiling",
        "kv cache",
        "warm-up",
    ]
    for child in start.all():
        assert start.start_ns <= child.start_ns <= child.end_ns <= start.end_ns
