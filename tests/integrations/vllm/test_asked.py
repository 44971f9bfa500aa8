"""What a request asks for, of vLLM's own requests and parameters."""

from __future__ import annotations

from typing import Any

import pytest
from vllm import PoolingParams, SamplingParams
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine import EngineCoreRequest

from axonize.integrations.vllm import asked


def request(request_id: str = "cmpl-1-0-ab", **more: Any) -> EngineCoreRequest:
    fields: dict[str, Any] = {
        "prompt_token_ids": [1, 2],
        "mm_features": None,
        "sampling_params": None,
        "pooling_params": None,
        "arrival_time": 1.0,
        "lora_request": None,
        "cache_salt": None,
        "data_parallel_rank": None,
    }
    return EngineCoreRequest(request_id=request_id, **{**fields, **more})


def test_sampling_is_told_with_its_zeros_and_without_what_is_not_set() -> None:
    params = SamplingParams(
        temperature=0, max_tokens=7, stop=["."], output_kind=RequestOutputKind.DELTA
    )
    adapter = LoRARequest("pirate", 1, "/nowhere")
    made = request(sampling_params=params, external_req_id="cmpl-1", lora_request=adapter)
    assert asked.identity(made) == {
        "gen_ai.provider.name": "vllm",
        "gen_ai.operation.name": "text_completion",
        "gen_ai.response.id": "cmpl-1",
        "axonize.lora.name": "pirate",
    }
    assert asked.sampling(params) == {
        "gen_ai.request.temperature": 0,
        "gen_ai.request.top_p": 1.0,
        "gen_ai.request.top_k": 0,
        "axonize.request.min_p": 0.0,
        "gen_ai.request.max_tokens": 7,
        "gen_ai.request.presence_penalty": 0.0,
        "gen_ai.request.frequency_penalty": 0.0,
        "axonize.request.repetition_penalty": 1.0,
        "gen_ai.request.stop_sequences": ["."],
        "gen_ai.request.stream": True,
    }


@pytest.mark.parametrize(
    ("task", "operation"), [("embed", "embeddings"), (None, "embeddings"), ("classify", "classify")]
)
def test_pooling_is_an_embedding_or_what_vllm_calls_it(task: Any, operation: str) -> None:
    made = request(pooling_params=PoolingParams(task=task))
    assert asked.sampling(made.sampling_params) == {}
    assert asked.identity(made) == {
        "gen_ai.provider.name": "vllm",
        "gen_ai.operation.name": operation,
        "gen_ai.response.id": "cmpl-1-0-ab",
    }


def test_a_chat_is_known_by_its_id_or_by_the_call_it_is_in() -> None:
    params = SamplingParams()
    assert asked.operation(request("chatcmpl-1", sampling_params=params)) == "chat"
    numbered = request("0", sampling_params=params)
    assert asked.operation(numbered) == "text_completion"
    token = asked.operation_of_call.set("chat")
    try:
        assert asked.operation(numbered) == "chat"
    finally:
        asked.operation_of_call.reset(token)
