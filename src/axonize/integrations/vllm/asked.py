"""What a request asks for: its operation, model and sampling parameters."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from axonize import semconv
from axonize.engine import names

# Set inside LLM.generate and its sisters, whose requests have plain numbers for ids.
operation_of_call: ContextVar[str | None] = ContextVar("axonize_vllm_operation", default=None)

# The names of vLLM's SamplingParams and ours.
SAMPLING = (
    ("temperature", semconv.GEN_AI_REQUEST_TEMPERATURE),
    ("top_p", semconv.GEN_AI_REQUEST_TOP_P),
    ("top_k", semconv.GEN_AI_REQUEST_TOP_K),
    ("min_p", names.REQUEST_MIN_P),
    ("max_tokens", semconv.GEN_AI_REQUEST_MAX_TOKENS),
    ("seed", semconv.GEN_AI_REQUEST_SEED),
    ("presence_penalty", semconv.GEN_AI_REQUEST_PRESENCE_PENALTY),
    ("frequency_penalty", semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY),
    ("repetition_penalty", names.REQUEST_REPETITION_PENALTY),
)


def operation(request: Any) -> str:
    """Return the operation in OpenTelemetry's words, of an EngineCoreRequest."""
    if request.sampling_params is None:
        return pooling_operation(request.pooling_params)
    within = operation_of_call.get()
    if within:
        return within
    return "chat" if external_id(request).startswith("chatcmpl-") else "text_completion"


def pooling_operation(params: Any) -> str:
    """Return "embeddings", or vLLM's own word for what is neither text nor an embedding."""
    task = getattr(params, "task", None) or "embed"
    return "embeddings" if "embed" in task else str(task)


def external_id(request: Any) -> str:
    """Return the id that the caller knows; vLLM adds a suffix to it for its own use."""
    return str(getattr(request, "external_req_id", None) or request.request_id)


def identity(request: Any) -> dict[str, Any]:
    """Return what an EngineCoreRequest is and where it goes, but for how it is sampled."""
    found = {
        semconv.GEN_AI_PROVIDER_NAME: "vllm",
        semconv.GEN_AI_OPERATION_NAME: operation(request),
        semconv.GEN_AI_RESPONSE_ID: external_id(request),
    }
    if request.lora_request is not None:
        found[names.LORA_NAME] = request.lora_request.lora_name
    return found


def sampling(params: Any) -> dict[str, Any]:
    """Return what SamplingParams ask for; 0 is a value, None is not."""
    if params is None:
        return {}
    found = {}
    for theirs, ours in SAMPLING:
        value = getattr(params, theirs, None)
        if value is not None:
            found[ours] = value
    if params.stop:
        found[semconv.GEN_AI_REQUEST_STOP_SEQUENCES] = params.stop
    found[semconv.GEN_AI_REQUEST_STREAM] = params.output_kind.name != "FINAL_ONLY"
    return found
