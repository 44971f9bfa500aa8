"""vLLM's own scheduler, with a model that is played: its steps and requests are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import vllm
from vllm import SamplingParams
from vllm.engine.arg_utils import EngineArgs
from vllm.v1.core.sched.scheduler import Scheduler
from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheConfig, KVCacheGroupSpec
from vllm.v1.outputs import ModelRunnerOutput
from vllm.v1.request import Request, RequestStatus
from vllm.v1.structured_output import StructuredOutputManager

from axonize import guard, patching
from axonize.integrations.vllm import VLLM
from axonize.integrations.vllm.context import read_ride, receive_ride, send_span
from axonize.integrations.vllm.gauges import (
    FIELDS,
    count_blocks,
    find_gauge,
)
from axonize.integrations.vllm.scheduler import run_engine_core
from axonize.integrations.vllm.steps import Recorder
from axonize.speed import Span
from tests.integrations.conftest import MEASURED, Recorded

BLOCK_SIZE = 4  # tokens
Make = Callable[[int], Any]


@pytest.fixture(scope="module")
def config(model: Path) -> Any:
    arguments = EngineArgs(
        str(model),
        max_model_len=32,
        block_size=BLOCK_SIZE,
        enable_prefix_caching=False,
        async_scheduling=False,
    )
    return arguments.create_engine_config()


@pytest.fixture
def make(config: Any) -> Iterator[Make]:
    """Make schedulers that are recorded, with so many blocks for their requests."""
    patching.install(VLLM)

    def made(blocks: int) -> Any:
        config.cache_config.num_gpu_blocks = blocks + 1  # one is vLLM's own
        attention = FullAttentionSpec(
            block_size=BLOCK_SIZE, num_kv_heads=1, head_size=8, dtype=torch.float32
        )
        cache = KVCacheConfig(blocks + 1, [], [KVCacheGroupSpec(["layer"], attention)])
        return Scheduler(config, cache, StructuredOutputManager(config), block_size=BLOCK_SIZE)

    yield made
    patching.uninstall(VLLM)


def request(request_id: str, prompt: int, tokens: int) -> Any:
    """Return a request with a prompt of so many tokens that asks for so many."""
    params = SamplingParams(max_tokens=tokens, ignore_eos=True)
    return Request(request_id, list(range(3, 3 + prompt)), params, None)


def run_step(engine: Any) -> list[Any]:
    """Run a step in which each request makes a token; return what the front end gets."""
    output = engine.schedule()
    ids = list(output.num_scheduled_tokens)
    made = ModelRunnerOutput(
        req_ids=ids,
        req_id_to_index={request_id: index for index, request_id in enumerate(ids)},
        sampled_token_ids=[[7] for _ in ids],
    )
    results = engine.update_from_output(output, made).values()
    return [output for result in results for output in result.outputs]


def shown(spans: list[Span], config: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return name and attributes of each, without what is the same in all."""
    same = {
        "axonize.engine.name": "vllm",
        "axonize.engine.version": vllm.__version__,
        "axonize.engine.id": f"{config.instance_id}-0",
        "axonize.gpu.count": 0,
        "axonize.gpu.seconds": 0.0,
        "gen_ai.request.model": config.model_config.model,
    }
    assert all(same.items() <= span.attributes.items() for span in spans)
    return [
        (span.name, {name: value for name, value in span.attributes.items() if name not in same})
        for span in spans
    ]


def test_two_requests_from_their_arrival_to_their_end(
    make: Make, config: Any, recorded: Recorded
) -> None:
    engine, caller = make(16), Span("caller")
    known = request("a", prompt=6, tokens=2)
    send_span(known, caller)
    engine.add_request(known)
    engine.add_request(request("b", prompt=3, tokens=1))
    outputs = run_step(engine) + run_step(engine)

    spans = recorded.spans()
    step = {
        "axonize.step.running": 2,
        "axonize.step.waiting": 0,
        "axonize.step.schedule_ms": MEASURED,
        "axonize.step.busy_seconds": MEASURED,
        "axonize.step.ended_requests": 1,
        "axonize.gpu.idle_seconds": 0.0,
    }
    ride = {
        "axonize.kv_cache.blocks": 1,
        "axonize.preemption.count": 0,
        "axonize.step.count": 1,
        "axonize.step.first": 1,
        "axonize.step.last": 1,
        "axonize.engine.seconds": MEASURED,
        "gen_ai.response.finish_reasons": ("length",),
    }
    assert shown(spans, config) == [
        (
            "engine.request",
            {
                **ride,
                "axonize.request.id": "a",
                "axonize.kv_cache.blocks": 2,
                "axonize.step.count": 2,
                "axonize.step.last": 2,
                "axonize.engine.scheduled_tokens": 7,
                "axonize.engine.prefill_tokens": 6,
                "axonize.itl.p50_ms": MEASURED,
                "axonize.itl.p99_ms": MEASURED,
                "axonize.itl.max_ms": MEASURED,
            },
        ),
        (
            "engine.request",
            {
                **ride,
                "axonize.request.id": "b",
                "axonize.engine.scheduled_tokens": 3,
                "axonize.engine.prefill_tokens": 3,
            },
        ),
        (
            "engine.step",
            {
                **step,
                "axonize.step.number": 1,
                "axonize.step.kv_cache_usage": 3 / 16,
                "axonize.step.total_tokens": 9,
                "axonize.step.request_ids": ("a", "b"),
                "axonize.step.trace_ids": (caller.trace_id, ""),
                "axonize.step.span_ids": (caller.span_id, ""),
                "axonize.step.scheduled_tokens": (6, 3),
                "axonize.step.prefill_tokens": (6, 3),
            },
        ),
        (
            "engine.step",
            {
                **step,
                "axonize.step.number": 2,
                "axonize.step.running": 1,
                "axonize.step.kv_cache_usage": 2 / 16,
                "axonize.step.total_tokens": 1,
                "axonize.step.request_ids": ("a",),
                "axonize.step.trace_ids": (caller.trace_id,),
                "axonize.step.span_ids": (caller.span_id,),
                "axonize.step.scheduled_tokens": (1,),
                "axonize.step.prefill_tokens": (0,),
            },
        ),
    ]
    assert [span.parent_span_id for span in spans] == [caller.span_id, "", "", ""]
    assert [[link.span_id for link, _ in span.links] for span in spans] == [
        [],
        [],
        [caller.span_id],
        [],
    ]
    told = {each.request_id: read_ride(receive_ride(each) or "null") for each in outputs}
    _, _, first, last = spans
    assert {name: ride and (ride["first"], ride["last"]) for name, ride in told.items()} == {
        "a": (first.end_ns, last.end_ns),
        "b": (first.end_ns, first.end_ns),
    }


def test_how_full_the_cache_is_is_read_as_vllm_says_it(make: Make) -> None:
    engine = make(10)
    engine.add_request(request("a", BLOCK_SIZE + 1, 2))
    engine.schedule()
    engine.add_request(request("b", BLOCK_SIZE, 2))
    manager = engine.kv_cache_manager
    assert find_gauge(manager) is FIELDS
    assert FIELDS.usage(FIELDS.read(manager)) == manager.usage == 1.0 - 8 / 10
    assert count_blocks(manager, "a") == sum(map(len, manager.get_block_ids("a"))) == 2


def test_a_request_that_is_aborted(make: Make, recorded: Recorded) -> None:
    engine = make(16)
    engine.add_request(request("a", prompt=6, tokens=9))
    run_step(engine)
    engine.finish_requests("a", RequestStatus.FINISHED_ABORTED)
    (span, step) = recorded.spans()
    assert (span.name, step.name) == ("engine.request", "engine.step")
    assert span.attributes["gen_ai.response.finish_reasons"] == ("abort",)
    assert span.attributes["axonize.step.count"] == 1


def test_a_request_that_is_preempted_says_when_and_until_when(
    make: Make, recorded: Recorded
) -> None:
    engine = make(5)
    engine.add_request(request("a", prompt=7, tokens=4))
    engine.add_request(request("b", prompt=7, tokens=4))
    while engine.has_unfinished_requests():
        run_step(engine)
    spans = recorded.spans()
    a, b, *steps = spans
    preempting = [s for s in steps if "axonize.step.preempted_ids" in s.attributes]
    assert [s.attributes["axonize.step.preempted_ids"] for s in preempting] == [("b",)]
    resumed = next(
        s
        for s in steps
        if s.start_ns > preempting[0].start_ns and "b" in s.attributes["axonize.step.request_ids"]
    )
    assert [(name, at) for name, at, _ in b.events] == [
        ("preempted", preempting[0].start_ns),
        ("resumed", resumed.start_ns),
    ]
    assert [each.attributes["axonize.preemption.count"] for each in (a, b)] == [0, 1]
    made = len(preempting[0].attributes["axonize.step.request_ids"])
    assert made == 1
    read_again = dict(
        zip(
            resumed.attributes["axonize.step.request_ids"],
            resumed.attributes["axonize.step.prefill_tokens"],
            strict=True,
        )
    )
    assert read_again["b"] > 7


def test_a_step_without_tokens_is_none(make: Make, recorded: Recorded) -> None:
    engine = make(16)
    assert run_step(engine) == []
    assert recorded.spans() == []


def test_an_error_of_ours_is_not_the_engines(
    make: Make, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("ours")

    for name in ("arrived", "scheduled", "ended", "left"):
        monkeypatch.setattr(Recorder, name, fail)
    guard.set_strict(False)
    engine = make(16)
    engine.add_request(request("a", prompt=6, tokens=1))
    (output,) = run_step(engine)
    assert (output.request_id, output.new_token_ids, output.finished) == ("a", [7], True)
    assert recorded.spans() == []


@pytest.mark.parametrize(
    ("error", "reason", "status"),
    [(RuntimeError("dead"), "error", "error"), (SystemExit(), "abort", "unset")],
)
def test_the_end_of_an_engines_process_ends_its_requests(
    make: Make, recorded: Recorded, error: BaseException, reason: str, status: str
) -> None:
    engine = make(16)
    engine.add_request(request("a", prompt=6, tokens=9))

    def run(cores: int) -> None:
        assert cores == 1
        run_step(engine)
        engine.schedule()
        raise error

    with pytest.raises(type(error)):
        run_engine_core(run)(cores=1)
    spans = recorded.spans()
    assert [(span.name, span.status) for span in spans] == [
        ("engine.request", status),
        ("engine.step", "unset"),
        ("engine.step", status),
    ]
    assert spans[0].attributes["gen_ai.response.finish_reasons"] == (reason,)
    assert [name for name, _, _ in spans[2].events] == (["exception"] if reason == "error" else [])
