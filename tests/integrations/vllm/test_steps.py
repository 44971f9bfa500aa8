"""The record of steps and requests: when it is made, and of what; vLLM's own batches."""

from __future__ import annotations

import gc
import math
import time
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from vllm.v1.outputs import ModelRunnerOutput

from axonize import pipeline
from axonize.integrations.vllm.context import send_span
from axonize.integrations.vllm.steps import AT_ONCE, SENT_WHEN_IDLE_S, Recorder, recorder
from axonize.speed import Span
from tests.integrations.conftest import Recorded
from tests.integrations.vllm.test_batch import batch

CONFIG = SimpleNamespace(
    parallel_config=SimpleNamespace(data_parallel_rank=0, world_size=2),
    model_config=SimpleNamespace(served_model_name="tiny"),
    device_config=SimpleNamespace(device_type="cuda"),
    instance_id="e",
)
SCHEDULER = SimpleNamespace(
    get_request_counts=lambda: (2, 1),
    kv_cache_manager=SimpleNamespace(usage=0.5, get_block_ids=lambda _: ([1, 2], [3])),
)


@pytest.fixture
def taking() -> Recorder:
    return Recorder(CONFIG)


@pytest.fixture
def hurried() -> Iterator[list[float]]:
    """Note how soon is to be sent what has ended."""
    found: list[float] = []
    pipeline.let_hurry(lambda within_s: found.append(within_s) if within_s < math.inf else None)
    yield found
    pipeline.let_hurry(None)


def arrive(taking: Recorder, request_id: str, span: Span | None = None) -> None:
    request = SimpleNamespace(request_id=request_id, trace_headers=None)
    if span is not None:
        send_span(request, span)
    taking.arrived(request)


def leave(taking: Recorder, request_id: str) -> None:
    request = SimpleNamespace(request_id=request_id, get_finished_reason=lambda: "stop")
    taking.left(SCHEDULER, request)


# One for all steps, so that what they last adds up to the nanosecond.
SINCE_1970 = time.time_ns() - time.monotonic_ns()


def begin(taking: Recorder, tokens: dict[str, int], made: dict[str, int], **more: Any) -> Any:
    output = batch(tokens, made, **more)
    began = time.monotonic_ns()
    taking.scheduled(SCHEDULER, output, began + SINCE_1970, began)
    return output


def decode(taking: Recorder, *request_ids: str) -> None:
    ones = dict.fromkeys(request_ids, 1)
    taking.ended(begin(taking, ones, ones), None, {})


def columns(span: Span, *names: str) -> list[Any]:
    return [span.attributes[f"axonize.step.{name}"] for name in names]


def test_steps_are_recorded_many_at_once(taking: Recorder, recorded: Recorded) -> None:
    arrive(taking, "a")
    for _ in range(AT_ONCE - 1):
        decode(taking, "a")
    assert recorded.spans() == []
    decode(taking, "a")
    numbers = [columns(span, "number") for span in recorded.spans()]
    assert numbers == [[number + 1] for number in range(AT_ONCE)]


def test_a_request_that_ends_has_all_recorded_and_an_idle_engine_hurries(
    taking: Recorder, recorded: Recorded, hurried: list[float]
) -> None:
    arrive(taking, "a")
    arrive(taking, "b")
    decode(taking, "a", "b")
    leave(taking, "a")
    assert [span.name for span in recorded.spans()] == ["engine.request", "engine.step"]
    assert hurried == []
    decode(taking, "b")
    leave(taking, "b")
    assert [span.name for span in recorded.spans()] == ["engine.request", "engine.step"]
    assert hurried == [SENT_WHEN_IDLE_S]


def test_who_rides_in_a_step_as_the_batch_changes(taking: Recorder, recorded: Recorded) -> None:
    caller = Span("caller")
    arrive(taking, "a", caller)
    first = begin(taking, {"a": 5}, {})  # a part of its prompt
    taking.ended(first, None, {})
    arrive(taking, "b")
    taking.ended(begin(taking, {"a": 3, "b": 4}, {"a": 0}), None, {})
    decode(taking, "a", "b")
    decode(taking, "a", "b")
    decode(taking, "b", "a")
    taking.ended(begin(taking, {"unknown": 1}, {"unknown": 3}), None, {})
    taking.abandon(None)
    steps = [span for span in recorded.spans() if span.name == "engine.step"]
    names = ("request_ids", "scheduled_tokens", "prefill_tokens", "total_tokens")
    both = [("a", "b"), (1, 1), (0, 0), 2]
    assert [columns(step, *names) for step in steps] == [
        [("a",), (5,), (5,), 5],
        [("a", "b"), (3, 4), (3, 4), 7],
        both,
        both,
        [("b", "a"), *both[1:]],
        [("unknown",), (1,), (0,), 1],
    ]
    spans = (caller.trace_id, caller.span_id)
    assert columns(steps[2], "trace_ids", "span_ids") == [(spans[0], ""), (spans[1], "")]
    assert [[link.span_id for link, _ in step.links] for step in steps] == [
        [caller.span_id],
        *[[]] * 5,
    ]


def test_two_batches_under_way_are_paid_once(taking: Recorder, recorded: Recorded) -> None:
    arrive(taking, "a")
    one, other = (begin(taking, {"a": 1}, {"a": 1}) for _ in range(2))
    taking.ended(one, None, {})
    leave(taking, "a")  # the other may still have it in its batch
    assert recorded.spans() == []
    taking.ended(other, None, {})
    request, first, second = recorded.spans()
    assert request.attributes["axonize.step.count"] == 2
    busy = [step.attributes["axonize.step.busy_seconds"] for step in (first, second)]
    assert sum(busy) == pytest.approx((second.end_ns - first.start_ns) / 1e9, rel=1e-12)
    assert second.start_ns < first.end_ns
    paid = [each.attributes["axonize.gpu.seconds"] for each in (request, first, second)]
    assert paid[0] == pytest.approx(paid[1] + paid[2], rel=1e-12) == sum(busy) * 2


def test_what_was_proposed_and_accepted(taking: Recorder, recorded: Recorded) -> None:
    arrive(taking, "a")
    arrive(taking, "b")
    output = begin(taking, {"a": 4, "b": 1}, {"a": 2, "b": 2}, drafts={"a": [5, 6, 7]})
    made = ModelRunnerOutput(
        req_ids=["a", "b"],
        req_id_to_index={"a": 0, "b": 1},
        sampled_token_ids=[[5, 6, 8], [9]],
    )
    taking.ended(output, made, {})
    leave(taking, "a")
    request, step = recorded.spans()
    assert columns(step, "draft_tokens", "accepted_tokens") == [(3, 0), (2, 0)]
    totals = ("axonize.speculation.draft_tokens", "axonize.speculation.accepted_tokens")
    assert [request.attributes[name] for name in totals] == [3, 2]


def test_the_mode_of_a_step_on_gpus(taking: Recorder, recorded: Recorded) -> None:
    made = SimpleNamespace(cudagraph_stats=SimpleNamespace(runtime_mode="FULL"))
    taking.ended(begin(taking, {"a": 1}, {"a": 1}), made, {})
    taking.abandon(None)
    (step,) = [span for span in recorded.spans() if span.name == "engine.step"]
    assert columns(step, "cuda_graph.mode") == ["FULL"]


def test_a_batch_is_not_kept_alive_by_its_record(taking: Recorder) -> None:
    arrive(taking, "a")
    output = begin(taking, {"a": 1}, {"a": 1})
    taking.ended(output, None, {})
    gone = weakref.ref(output)
    del output
    gc.collect()
    assert gone() is None


def test_a_batch_that_was_begun_before_axonize_is_passed_over(
    taking: Recorder, recorded: Recorded
) -> None:
    taking.ended(batch({"a": 1}, {"a": 1}), None, {})
    taking.left(SCHEDULER, SimpleNamespace(request_id="a"))
    taking.abandon(None)
    assert [span.name for span in recorded.spans()] == ["engine.idle"]


def test_an_engine_that_dies_ends_what_is_under_way(taking: Recorder, recorded: Recorded) -> None:
    arrive(taking, "a")
    decode(taking, "a")
    begin(taking, {"a": 1}, {"a": 1})
    taking.abandon(RuntimeError("dead"))
    taking.abandon(None)
    request, done, begun = [span for span in recorded.spans() if span.name != "engine.idle"]
    assert [each.status for each in (request, done, begun)] == ["error", "unset", "error"]
    assert request.attributes["gen_ai.response.finish_reasons"] == ("error",)
    assert columns(begun, "number", "running", "waiting", "kv_cache_usage") == [2, 2, 1, 0.5]
    assert begun.status_message == "dead"


def test_a_scheduler_keeps_its_recorder() -> None:
    one, other = (SimpleNamespace(vllm_config=CONFIG) for _ in range(2))
    assert recorder(one) is recorder(one) is not recorder(other)
