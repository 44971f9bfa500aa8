"""What a request asks for, as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axonize import semconv
from axonize.integrations.openai.parts import get

# The path of an endpoint, and the name that the GenAI conventions have for what it does.
OPERATIONS = {
    "chat/completions": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
    "responses": "chat",
}
# Hosts whose providers the conventions name; behind any other one the client speaks OpenAI's API.
PROVIDERS = {
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
PORTS = {"http": 80, "https": 443}
PARAMETERS = {
    semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT: ("dimensions",),
    semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY: ("frequency_penalty",),
    semconv.GEN_AI_REQUEST_MAX_TOKENS: (
        "max_completion_tokens",
        "max_tokens",
        "max_output_tokens",
    ),
    semconv.GEN_AI_REQUEST_PRESENCE_PENALTY: ("presence_penalty",),
    semconv.GEN_AI_REQUEST_SEED: ("seed",),
    semconv.GEN_AI_REQUEST_TEMPERATURE: ("temperature",),
    semconv.GEN_AI_REQUEST_TOP_K: ("top_k",),
    semconv.GEN_AI_REQUEST_TOP_P: ("top_p",),
}
OUTPUT_TYPES = {"text": "text", "json_object": "json", "json_schema": "json"}


def body_of(options: Any) -> dict[str, Any]:
    """Return the fields of the request, with those of `extra_body`."""
    parts = (options.json_data, options.extra_json)
    return {
        name: value for part in parts if isinstance(part, Mapping) for name, value in part.items()
    }


def describe(client: Any, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are known before anything is sent."""
    url = client.base_url
    return {
        semconv.GEN_AI_OPERATION_NAME: operation,
        semconv.GEN_AI_PROVIDER_NAME: _provider(client, url.host),
        semconv.GEN_AI_REQUEST_MODEL: body.get("model"),
        semconv.SERVER_ADDRESS: url.host,
        semconv.SERVER_PORT: url.port or PORTS.get(url.scheme),
        semconv.GEN_AI_REQUEST_STREAM: body.get("stream"),
        **{name: get(body, *fields) for name, fields in PARAMETERS.items()},
        **_shape_of_the_answer(body),
    }


def choices(body: Mapping[str, Any]) -> int:
    """Return how many answers are wanted."""
    count = body.get("n")
    return 1 if count is None else count


def _provider(client: Any, host: str) -> str:
    # Azure's clients are told by their class: their hosts are the customer's own.
    if any(kind.__name__ == "BaseAzureClient" for kind in type(client).__mro__):
        return "azure.ai.openai"
    return PROVIDERS.get(host, "openai")


def _shape_of_the_answer(body: Mapping[str, Any]) -> dict[str, Any]:
    stop, count, encoding = body.get("stop"), choices(body), body.get("encoding_format")
    wanted = get(body.get("response_format") or get(body.get("text"), "format"), "type")
    return {
        semconv.GEN_AI_REQUEST_STOP_SEQUENCES: [stop] if isinstance(stop, str) else stop,
        semconv.GEN_AI_REQUEST_CHOICE_COUNT: count if count != 1 else None,
        semconv.GEN_AI_REQUEST_ENCODING_FORMATS: [encoding] if encoding else None,
        semconv.GEN_AI_OUTPUT_TYPE: OUTPUT_TYPES.get(wanted) if wanted else None,
    }
