"""The steps of a manager, against what its scheduler wrote down itself."""

from __future__ import annotations

from typing import Any

import pytest

from axonize import patching, recording
from axonize.integrations.transformers import TRANSFORMERS
from tests.integrations.checks import check_mates, check_shares, check_steps, check_tiling
from tests.integrations.collector import Received
from tests.integrations.transformers.conftest import Tiny
from tests.integrations.transformers.continuous.conftest import Recorded, Sent, bounded, greedy

REQUEST = "text_completion tiny-llama"
PROMPTS = [[5 + i % 11] * (3 + 17 * (i % 7)) for i in range(24)]


def answers(tiny: Tiny, prompts: list[list[int]], config: Any, **more: Any) -> Any:
    found = tiny.model.generate_batch(
        prompts, generation_config=config, continuous_batching_config=bounded(**more)
    )
    return {name: output.generated_tokens for name, output in found.items()}


def check(found: dict[str, list[Received]], scheduled: Recorded, spans: list[Received]) -> None:
    check_steps(found["engine.step"], scheduled)
    check_shares(found["engine.step"], found["engine.request"])
    check_mates(found["engine.step"], spans)
    for request in found[REQUEST]:
        check_tiling(request)


@pytest.mark.parametrize("scheduler", ["fifo", "prefill_first"])
def test_many_requests_with_prompts_read_in_chunks(
    tiny: Tiny, sent: Sent, scheduled: Recorded, scheduler: str
) -> None:
    answers(tiny, PROMPTS, greedy(9), scheduler_type=scheduler, max_requests_per_batch=16)
    found = sent.read()
    check(found, scheduled, sent.spans)
    assert max(len(batch) for batch in scheduled) > 4
    assert sum(len(set(batch.values())) > 1 for batch in scheduled) > 4
    prompts = {f"req_{i}": len(prompt) for i, prompt in enumerate(PROMPTS)}
    for request in found[REQUEST]:
        below = request.child("engine.request")
        prompt = prompts[request["axonize.request.id"]]
        assert request["gen_ai.usage.input_tokens"] == prompt
        assert request["gen_ai.usage.output_tokens"] == 9
        assert request["gen_ai.response.finish_reasons"] == ["length"]
        assert below["axonize.engine.prefill_tokens"] == prompt
        assert below["axonize.engine.scheduled_tokens"] == prompt + 8
        assert below["axonize.preemption.count"] == 0
        assert below["axonize.kv_cache.blocks"] == 1
        assert 0 < request["axonize.ttft_ms"] <= request.duration_ms


def test_steps_are_kept_when_their_requests_are_not_sampled(
    tiny: Tiny, sent: Sent, scheduled: Recorded
) -> None:
    sent.sample_none()
    answers(tiny, PROMPTS[:6], greedy(9))
    found = sent.read()
    assert set(found) == {"engine.step"}
    check_steps(found["engine.step"], scheduled)


def test_the_last_requests_are_counted_when_the_manager_ends(
    tiny: Tiny, sent: Sent, scheduled: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "engine_gpus", ("cuda:0",))
    answers(tiny, PROMPTS[:6], greedy(9))
    found = sent.read()
    check_steps(found["engine.step"], scheduled)
    (rest,) = found["engine.idle"]
    assert (rest["axonize.step.number"], rest["axonize.gpu.count"]) == (0, 1)
    last_ns = max(step.end_ns for step in found["engine.step"])
    assert rest.start_ns >= last_ns - 50_000_000  # by two readings of the clock of the system
    records = [*found["engine.step"], rest]
    assert sum(each.attributes.get("axonize.step.ended_requests", 0) for each in records) == 6


def test_the_answers_are_the_same_token_for_token(tiny: Tiny, sent: Sent) -> None:
    traced = answers(tiny, PROMPTS[:6], greedy(9))
    patching.uninstall(TRANSFORMERS)
    assert answers(tiny, PROMPTS[:6], greedy(9)) == traced
    assert REQUEST in sent.read()


def test_a_full_cache_preempts(tiny: Tiny, sent: Sent, scheduled: Recorded) -> None:
    made = answers(tiny, [[5] * 40, [6] * 41, [7] * 42], greedy(60), num_blocks=4, page_size=32)
    found = sent.read()
    check(found, scheduled, sent.spans)
    preempted = [
        step for step in found["engine.step"] if "axonize.step.preempted_ids" in step.attributes
    ]
    assert preempted
    counts = {
        below["axonize.request.id"]: below["axonize.preemption.count"]
        for below in found["engine.request"]
    }
    ids = [each for step in preempted for each in step["axonize.step.preempted_ids"]]
    assert counts == {each: ids.count(each) for each in made}
    for request in found[REQUEST]:
        assert request["gen_ai.usage.output_tokens"] == 60
        assert request["gen_ai.usage.input_tokens"] in (40, 41, 42)
        events = [name for name, _ in request.events]
        assert events == ["preempted", "resumed"] * counts[request["axonize.request.id"]]


def test_a_prompt_in_the_cache_is_not_read_again(
    tiny: Tiny, sent: Sent, scheduled: Recorded
) -> None:
    tiny.model.generate_batch(
        [[5] * 70, [5] * 64 + [6] * 6],
        generation_config=greedy(3),
        continuous_batching_config=bounded(page_size=32, max_requests_per_batch=1),
    )
    found = sent.read()
    check(found, scheduled, sent.spans)
    read = sorted(each["axonize.engine.prefill_tokens"] for each in found["engine.request"])
    assert read == [6, 70]
