"""The spans of requests in a front end, of vLLM's own requests."""

from __future__ import annotations

import time
import weakref
from types import SimpleNamespace
from typing import Any

import pytest
from vllm import SamplingParams
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.output_processor import RequestState

from axonize import deferred, pipeline
from axonize.integrations.vllm import requests as module
from axonize.integrations.vllm.requests import Requests
from axonize.speed import Span
from tests.integrations.conftest import Recorded
from tests.integrations.vllm.test_asked import request

USAGE = ("input_tokens", "cache_read.input_tokens", "output_tokens")


def asked(request_id: str) -> Any:
    params = SamplingParams(n=2, max_tokens=4)
    return request(request_id, sampling_params=params, arrival_time=time.time())


def state_of(request: Any) -> RequestState:
    return RequestState(
        request.request_id,
        request.request_id,
        parent_req=None,
        request_index=0,
        lora_request=None,
        output_kind=RequestOutputKind.FINAL_ONLY,
        prompt="a b",
        prompt_token_ids=request.prompt_token_ids,
        prompt_embeds=None,
        logprobs_processor=None,
        detokenizer=None,
        max_tokens_param=4,
        arrival_time=request.arrival_time,
        queue=None,
        log_stats=True,
        stream_interval=1,
    )


def by_name(recorded: Recorded) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for span in recorded.spans():
        found.setdefault(span.name, []).append(span)
    return found


def test_requests_of_a_dead_engine_end_as_its_error(recorded: Recorded) -> None:
    requests = Requests()
    requests.begin(asked("a"), None, 0)
    requests.begin(asked("b"), None, 0)
    requests.end_all(RuntimeError("dead"))
    assert requests.live == {}
    for span in recorded.spans():
        assert (span.status, span.attributes["error.type"]) == ("error", "RuntimeError")
        assert span.attributes["gen_ai.response.finish_reasons"] == ("error",)


def test_a_request_that_vllm_lets_go_without_a_word_was_rejected(recorded: Recorded) -> None:
    requests = Requests()
    for name in ("refused", "answered"):
        requests.begin(asked(name), None, 0)
        requests.ending.append(name)
    requests.end("answered", "stop")  # vLLM says how this one ended
    requests.processed()
    assert requests.ending == []
    refused, answered = recorded.spans()  # by their start
    assert (answered.status, answered.attributes["gen_ai.response.id"]) == ("unset", "answered")
    assert (refused.status, refused.attributes["error.type"]) == ("error", "rejected")


def test_an_end_that_is_put_off_does_not_keep_what_vllm_holds(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_send_within", lambda seconds: None)
    requests, asks = Requests(), asked("a")
    live = requests.begin(asks, None, 0)
    live.state = state = state_of(asks)
    held = weakref.ref(state)
    state.num_cached_tokens = 1
    requests.end("a", "stop")
    del state
    assert held() is None
    deferred.do_all()
    (span,) = [each for each in recorded.spans() if each.name == "text_completion"]
    counts = [span.attributes[f"gen_ai.usage.{each}"] for each in USAGE]
    assert counts == [2, 1, 0]


@pytest.mark.parametrize(
    ("ends", "status"), [(("length", "stop"), "unset"), (("error", "stop"), "error")]
)
def test_a_request_for_several_answers_ends_with_the_last_of_them(
    recorded: Recorded, ends: tuple[str, str], status: str
) -> None:
    requests = Requests()
    parent = SimpleNamespace(request_id="parent", n=2)
    for index in (0, 1):
        requests.begin(asked(f"{index}_parent"), parent, index)
    requests.end("0_parent", ends[0])
    (first,) = recorded.spans()
    requests.end("1_parent", ends[1])
    assert requests.families == {}
    spans = by_name(recorded)
    (family,) = spans["text_completion"]
    assert family.attributes["gen_ai.request.choice.count"] == 2
    assert family.attributes["gen_ai.response.finish_reasons"] == ends
    assert family.status == status
    choices = [first, *spans["choice"]]
    assert [each.attributes["axonize.choice.index"] for each in choices] == [0, 1]
    assert {each.parent_span_id for each in choices} == {family.span_id}


def test_a_request_belongs_to_the_span_around_it_before_the_callers_headers(
    recorded: Recorded,
) -> None:
    remote = Span("remote")
    token = module.incoming.set(module.SpanContext(remote.trace_id, remote.span_id))
    try:
        Requests().begin(asked("alone"), None, 0).span.end()
        with Span("around") as around:
            Requests().begin(asked("inside"), None, 0).span.end()
    finally:
        module.incoming.reset(token)
    alone, inside = by_name(recorded)["text_completion"]
    assert (alone.kind, alone.parent_span_id) == ("server", remote.span_id)
    assert (inside.kind, inside.parent_span_id) == ("internal", around.span_id)
