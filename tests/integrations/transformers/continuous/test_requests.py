"""The spans of requests: whose they are, how they end, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from axonize import guard
from axonize.speed import Span
from tests.integrations.checks import check_mates, check_shares, check_steps, check_tiling
from tests.integrations.conftest import MEASURED
from tests.integrations.transformers.conftest import Tiny
from tests.integrations.transformers.continuous.conftest import Recorded, Sent, greedy, managing

REQUEST = "text_completion tiny-llama"
ERROR = 2


def results(manager: Any, count: int) -> list[Any]:
    found = []
    while len(found) < count:
        result = manager.get_result(timeout=120)
        assert result is not None
        if result.is_finished():
            found.append(result)
    return found


def test_a_request_lies_below_the_span_of_the_one_who_asked(tiny: Tiny, sent: Sent) -> None:
    with managing(tiny, greedy(5)) as manager:
        with Span("handler") as handler:
            manager.add_request([5, 6, 7], request_id="mine", max_new_tokens=4, streaming=True)
        results(manager, 1)
    found = sent.read()
    (request,) = found[REQUEST]
    assert (request.trace_id, request.parent_span_id) == (handler.trace_id, handler.span_id)
    (step, *_) = found["engine.step"]
    engine = {
        "axonize.engine.id": step["axonize.engine.id"],
        "axonize.engine.name": "transformers",
        "axonize.engine.version": step["axonize.engine.version"],
        "gen_ai.request.model": "tiny-llama",
    }
    told = engine | {
        "axonize.request.id": "mine",
        "axonize.step.count": 4,
        "axonize.step.first": 1,
        "axonize.step.last": 4,
        "axonize.kv_cache.blocks": 1,
        "axonize.preemption.count": 0,
        "axonize.itl.p50_ms": MEASURED,
        "axonize.itl.p99_ms": MEASURED,
        "axonize.itl.max_ms": MEASURED,
    }
    assert request.attributes == told | {
        "gen_ai.operation.name": "text_completion",
        "gen_ai.provider.name": "huggingface",
        "gen_ai.request.max_tokens": 4,
        "gen_ai.request.stream": True,
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.response.finish_reasons": ["length"],
        "gen_ai.response.time_to_first_chunk": MEASURED,
        "axonize.ttft_ms": MEASURED,
        "axonize.tpot_ms": MEASURED,
        "axonize.model.class": "LlamaForCausalLM",
        "axonize.model.type": "llama",
        "axonize.model.dtype": "float32",
        "axonize.device": "cpu",
    }
    assert request.child("engine.request").attributes == told | {
        "gen_ai.response.finish_reasons": ["length"],
        "axonize.engine.scheduled_tokens": 6,
        "axonize.engine.prefill_tokens": 3,
        "axonize.engine.seconds": MEASURED,
        "axonize.gpu.count": 0,
        "axonize.gpu.seconds": 0.0,
    }
    assert step.attributes == engine | {
        "axonize.step.number": 1,
        "axonize.step.request_ids": ["mine"],
        "axonize.step.trace_ids": [request.trace_id],
        "axonize.step.span_ids": [request.span_id],
        "axonize.step.scheduled_tokens": [3],
        "axonize.step.prefill_tokens": [3],
        "axonize.step.total_tokens": 3,
        "axonize.step.running": 1,
        "axonize.step.waiting": 0,
        "axonize.step.kv_cache_usage": MEASURED,
        "axonize.step.schedule_ms": MEASURED,
        "axonize.step.busy_seconds": MEASURED,
        "axonize.gpu.count": 0,
        "axonize.gpu.seconds": 0.0,
        "axonize.gpu.idle_seconds": 0.0,
    }


def test_sequences_for_one_prompt_are_choices_of_one_request(
    tiny: Tiny, sent: Sent, scheduled: Recorded
) -> None:
    config = greedy(5, do_sample=True, temperature=0.5, num_return_sequences=3)
    with managing(tiny, config) as manager:
        manager.add_request([5] * 20)
        results(manager, 3)
    found = sent.read()
    (request,) = found[REQUEST]
    choices = found["choice"]
    assert request["gen_ai.usage.output_tokens"] == 15
    assert request["gen_ai.usage.input_tokens"] == 20
    assert request["gen_ai.request.choice.count"] == 3
    assert request["gen_ai.request.temperature"] == 0.5
    assert request["gen_ai.response.finish_reasons"] == ["length"] * 3
    assert {each["axonize.request.id"]: each["axonize.choice.index"] for each in choices} == {
        "req_0": 0,
        "req_0__child#0": 1,
        "req_0__child#1": 2,
    }
    for choice in choices:
        assert choice["axonize.choice.output_tokens"] == 5
        assert choice.parent_span_id == request.span_id
        check_tiling(choice)
    check_steps(found["engine.step"], scheduled)
    check_shares(found["engine.step"], found["engine.request"])
    check_mates(found["engine.step"], sent.spans)


def test_a_stop_token_ends_a_request(tiny: Tiny, sent: Sent) -> None:
    with managing(tiny, greedy(9)) as manager:
        manager.add_request([5, 6, 7])
        (first,) = results(manager, 1)
        manager.add_request([5, 6, 7], eos_token_id=first.generated_tokens[0])
        results(manager, 1)
    _, request = sent.read()[REQUEST]
    assert request["gen_ai.response.finish_reasons"] == ["stop"]
    assert request["gen_ai.usage.output_tokens"] == 1
    assert [child.name for child in request.children if child.name != "engine.request"] == [
        "queue",
        "prefill",
    ]


def test_a_cancelled_request_was_aborted(tiny: Tiny, sent: Sent, scheduled: Recorded) -> None:
    with managing(tiny, greedy(400), num_blocks=64) as manager:
        manager.add_request([5, 6, 7], request_id="gone", streaming=True)
        manager.get_result(timeout=120)
        manager.cancel_request("gone")
    found = sent.read()
    (request,) = found[REQUEST]
    assert request["gen_ai.response.finish_reasons"] == ["abort"]
    assert (request.status, 0 < request["gen_ai.usage.output_tokens"] < 400) == (0, True)
    assert request["axonize.kv_cache.blocks"] == 1
    check_steps(found["engine.step"], scheduled)
    check_shares(found["engine.step"], found["engine.request"])
    check_tiling(request)


def test_a_request_that_the_manager_does_not_take_was_rejected(tiny: Tiny, sent: Sent) -> None:
    with managing(tiny, greedy(2)) as manager:
        manager.stop(block=True, keep_for_next_session=True)
        assert manager.add_request([5, 6, 7]) is None
    tiny.model.destroy_cached_continuous_batching_manager()
    (request,) = sent.read()[REQUEST]
    assert (request.status, request["error.type"]) == (ERROR, "rejected")


def test_requests_end_with_the_error_of_the_model(
    tiny: Tiny, sent: Sent, scheduled: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(range(3))
    forward = type(tiny.model).forward

    def break_down(*args: Any, **kwargs: Any) -> Any:
        if next(steps, None) is None:
            raise RuntimeError("out of luck")
        return forward(*args, **kwargs)

    with managing(tiny, greedy(9)) as manager:
        monkeypatch.setattr(type(tiny.model), "forward", break_down)
        manager.add_requests([[5, 6, 7], [8, 9]])
        failed = results(manager, 2)
    assert {each.error for each in failed} == {"out of luck"}
    found = sent.read()
    for request in found[REQUEST]:
        assert (request.status, request["error.type"]) == (ERROR, "RuntimeError")
        assert request["gen_ai.response.finish_reasons"] == ["error"]
        assert request.child("engine.request").status == ERROR
        check_tiling(request)
    assert [step.status for step in found["engine.step"]] == [0] * (len(scheduled) - 1) + [ERROR]
    assert found["engine.step"][-1].events[0][0] == "exception"


def test_a_queue_that_is_full_is_the_caller_s_error_and_the_span_s(
    tiny: Tiny, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = tiny.model.init_continuous_batching(generation_config=greedy(2))
    monkeypatch.setattr(manager.input_queue, "put", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        manager.add_request([5, 6, 7])
    (request,) = sent.read()[REQUEST]
    assert (request.status, request["error.type"]) == (ERROR, "ZeroDivisionError")


@pytest.mark.parametrize("broken", ["arrived", "scheduled", "ended", "freed", "left"])
def test_a_broken_recorder_harms_no_request(
    tiny: Tiny, sent: Sent, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    from axonize.integrations.transformers.continuous.steps import Recorder

    guard.set_strict(False)
    monkeypatch.setattr(Recorder, broken, lambda *_: 1 / 0)
    with managing(tiny, greedy(4)) as manager:
        manager.add_request([5, 6, 7])
        manager.add_request([5, 6, 7], request_id="gone", max_new_tokens=400)
        (result,) = results(manager, 1)
        manager.cancel_request("gone")
    assert len(result.generated_tokens) == 4
