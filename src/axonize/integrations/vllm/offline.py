"""LLM.generate and its sisters: one span around the requests of a call."""

from __future__ import annotations

from axonize import semconv
from axonize.integrations.vllm.asked import operation_of_call
from axonize.integrations.vllm.identity import describe
from axonize.patching import Call, Observer
from axonize.speed import Span


def generate(call: Call) -> Observer:
    """Follow a completion of one or more prompts."""
    yield from _follow(call, "text_completion")


def chat(call: Call) -> Observer:
    """Follow one or more conversations."""
    yield from _follow(call, "chat")


def embed(call: Call) -> Observer:
    """Follow the embedding of one or more prompts."""
    yield from _follow(call, "embeddings")


def encode(call: Call) -> Observer:
    """Follow what a pooling model makes of one or more prompts."""
    yield from _follow(call, str(call.argument("pooling_task") or "encode"))


def classify(call: Call) -> Observer:
    """Follow the classification of one or more prompts."""
    yield from _follow(call, "classify")


def score(call: Call) -> Observer:
    """Follow the scoring of one or more pairs."""
    yield from _follow(call, "score")


def _follow(call: Call, operation: str) -> Observer:
    if operation_of_call.get() is not None:
        return  # one of them calls another
    engine = describe(call.instance.llm_engine.vllm_config)
    attributes = {
        semconv.GEN_AI_PROVIDER_NAME: "vllm",
        semconv.GEN_AI_OPERATION_NAME: operation,
        **engine.attributes,
    }
    token = operation_of_call.set(operation)
    try:
        with Span(f"{operation} {engine.model}", attributes) as span:
            results = yield
            # The tokens are counted on the requests, of which each is a child.
            span.set_attribute(semconv.BATCH_SIZE, len(results))
    finally:
        operation_of_call.reset(token)
