"""Who sends which attribute names, and the column of a span that each of them fills."""

from __future__ import annotations

from typing import NamedTuple

SECONDS = 1e3  # as milliseconds


class Read(NamedTuple):
    """An attribute that fills a column; its number times scale has the unit of the column."""

    column: str
    key: str
    scale: float = 1.0


class Emitter(NamedTuple):
    """A known sender of spans."""

    name: str
    reads: tuple[Read, ...]


# Engines that time themselves name what they measured as vLLM did first.
_ENGINE = (
    Read("input_tokens", "gen_ai.usage.prompt_tokens"),
    Read("output_tokens", "gen_ai.usage.completion_tokens"),
    Read("ttft_ms", "gen_ai.latency.time_to_first_token", SECONDS),
)

# Where a span has several names of one column, the first in this order wins. So a name that only
# one emitter has, and that says more than the common one does, stands before it.
EMITTERS = (
    Emitter(
        "Axonize",
        (
            Read("operation", "gen_ai.operation.name"),
            Read("provider", "gen_ai.provider.name"),
            Read("response_model", "gen_ai.response.model"),
            Read("input_tokens", "gen_ai.usage.input_tokens"),
            Read("output_tokens", "gen_ai.usage.output_tokens"),
            Read("cached_tokens", "gen_ai.usage.cache_read.input_tokens"),
            Read("ttft_ms", "axonize.ttft_ms"),
            Read("tpot_ms", "axonize.tpot_ms"),
            Read("cost_usd", "cost.usd"),
            Read("http_status", "http.response.status_code"),
            Read("error_type", "error.type"),
            Read("setup", "axonize.setup"),
        ),
    ),
    Emitter(
        "ddtrace",
        (
            # Its gen_ai.request.model is the model that answered.
            Read("model", "openai.request.model"),
            Read("model", "vllm.request.model"),
            Read("model", "gen_ai.request.model"),
            Read("operation", "gen_ai.operation.name"),
            Read("provider", "gen_ai.provider.name"),
            Read("provider", "vllm.request.provider"),
            Read("response_model", "openai.response.model"),
            Read("input_tokens", "gen_ai.usage.input_tokens"),
            Read("input_tokens", "_dd.llmobs.input_tokens"),
            Read("output_tokens", "gen_ai.usage.output_tokens"),
            Read("output_tokens", "_dd.llmobs.output_tokens"),
            Read("cached_tokens", "gen_ai.usage.cache_read_input_tokens"),
            Read("cached_tokens", "_dd.llmobs.cache_read_input_tokens"),
            Read("ttft_ms", "vllm.latency.ttft", SECONDS),
            Read("http_status", "http.status_code"),
            Read("error_type", "error.type"),
        ),
    ),
    Emitter(
        "OpenTelemetry",
        (
            Read("operation", "gen_ai.operation.name"),
            Read("provider", "gen_ai.provider.name"),
            Read("model", "gen_ai.request.model"),
            Read("response_model", "gen_ai.response.model"),
            Read("input_tokens", "gen_ai.usage.input_tokens"),
            Read("output_tokens", "gen_ai.usage.output_tokens"),
            Read("cached_tokens", "gen_ai.usage.cache_read.input_tokens"),
            Read("ttft_ms", "gen_ai.response.time_to_first_chunk", SECONDS),
            Read("http_status", "http.response.status_code"),
            Read("error_type", "error.type"),
        ),
    ),
    Emitter(
        "OpenTelemetry, older names",
        (
            Read("provider", "gen_ai.system"),
            Read("input_tokens", "gen_ai.usage.prompt_tokens"),
            Read("output_tokens", "gen_ai.usage.completion_tokens"),
            Read("http_status", "http.status_code"),
        ),
    ),
    Emitter("vLLM", _ENGINE),
    Emitter(
        "SGLang",
        (
            # It has no name for the model that was asked for, and serves one.
            Read("model", "gen_ai.response.model"),
            Read("response_model", "gen_ai.response.model"),
            *_ENGINE,
            Read("cached_tokens", "gen_ai.usage.cached_tokens"),
        ),
    ),
    Emitter("TensorRT-LLM", _ENGINE),
    Emitter("Triton Inference Server", (Read("model", "triton.model_name"),)),
    Emitter(
        "OpenLIT",
        (
            Read("operation", "gen_ai.operation.name"),
            Read("provider", "gen_ai.provider.name"),
            Read("model", "gen_ai.request.model"),
            Read("response_model", "gen_ai.response.model"),
            Read("input_tokens", "gen_ai.usage.input_tokens"),
            Read("output_tokens", "gen_ai.usage.output_tokens"),
            Read("cached_tokens", "gen_ai.usage.cache_read.input_tokens"),
            Read("cached_tokens", "gen_ai.usage.prompt_tokens_details.cached_tokens"),
            Read("ttft_ms", "gen_ai.server.time_to_first_token", SECONDS),
            Read("tpot_ms", "gen_ai.server.time_per_output_token", SECONDS),
            Read("cost_usd", "gen_ai.usage.cost"),
            Read("error_type", "error.type"),
        ),
    ),
    Emitter(
        "OpenLLMetry",
        (
            Read("operation", "gen_ai.operation.name"),
            Read("operation", "llm.request.type"),
            Read("provider", "gen_ai.provider.name"),
            Read("provider", "gen_ai.system"),
            Read("provider", "llm.vendor"),
            Read("model", "gen_ai.request.model"),
            Read("model", "llm.request.model"),
            Read("response_model", "gen_ai.response.model"),
            Read("response_model", "llm.response.model"),
            Read("input_tokens", "gen_ai.usage.input_tokens"),
            Read("input_tokens", "gen_ai.usage.prompt_tokens"),
            Read("input_tokens", "llm.usage.prompt_tokens"),
            Read("output_tokens", "gen_ai.usage.output_tokens"),
            Read("output_tokens", "gen_ai.usage.completion_tokens"),
            Read("output_tokens", "llm.usage.completion_tokens"),
            Read("cached_tokens", "gen_ai.usage.cache_read.input_tokens"),
            Read("cached_tokens", "gen_ai.usage.cache_read_input_tokens"),
            Read("error_type", "error.type"),
        ),
    ),
    Emitter(
        "OpenInference",
        (
            Read("provider", "llm.provider"),
            Read("provider", "llm.system"),
            Read("model", "llm.request.model_name"),
            # Once the model has answered, this is what it calls itself.
            Read("model", "llm.model_name"),
            Read("response_model", "llm.response.model_name"),
            Read("input_tokens", "llm.token_count.prompt"),
            Read("output_tokens", "llm.token_count.completion"),
            Read("cached_tokens", "llm.token_count.prompt_details.cache_read"),
            Read("cost_usd", "llm.cost.total"),
        ),
    ),
    Emitter(
        "Axonize, first names",
        (
            Read("operation", "ai.inference.type"),
            Read("model", "ai.model.name"),
            Read("input_tokens", "ai.llm.tokens.input"),
            Read("output_tokens", "ai.llm.tokens.output"),
            Read("ttft_ms", "ai.llm.ttft_ms"),
            Read("tpot_ms", "ai.llm.tpot_ms"),
            Read("cost_usd", "cost.usd"),
            Read("cost_usd", "cost.estimated_usd"),
        ),
    ),
)
