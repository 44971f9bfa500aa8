"""The same spans made by Axonize and by the OpenTelemetry SDK, sent over OTLP/gRPC."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

ATTRIBUTES = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "vllm",
    "gen_ai.request.model": "meta-llama/Llama-3.1-8B-Instruct",
    "gen_ai.request.max_tokens": 512,
    "gen_ai.request.temperature": 0.7,
    "gen_ai.request.top_p": 0.95,
    "gen_ai.request.stream": True,
    "gen_ai.usage.input_tokens": 1024,
    "gen_ai.usage.output_tokens": 256,
    "gen_ai.response.time_to_first_chunk": 0.0421,
    "server.address": "inference-7.cluster.local",
    "server.port": 8000,
}


class Contender(NamedTuple):
    """How to make a span, and how to have all of them acknowledged."""

    span: Callable[[], AbstractContextManager[Any]]
    flush: Callable[[], object]
    lost: Callable[[], object]


def make(name: str, address: str | None) -> Contender:
    """Start "axonize" or "opentelemetry"; without an address the spans go nowhere."""
    return {"axonize": _axonize, "opentelemetry": _opentelemetry}[name](address)


def _axonize(address: str | None) -> Contender:
    import axonize
    from axonize import status
    from axonize.speed import RingBuffer, configure

    if address is None:
        configure(RingBuffer(1_000_000))
        return Contender(lambda: axonize.span("chat", ATTRIBUTES), lambda: None, lambda: 0)
    axonize.init(endpoint=address, buffer_size=20_000, integrations=["none"])

    def lost() -> object:
        return sum(status.describe()["dropped"].values())

    return Contender(lambda: axonize.span("chat", ATTRIBUTES), lambda: axonize.flush(60), lost)


def _opentelemetry(address: str | None) -> Contender:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    if address is not None:
        exporter = OTLPSpanExporter(endpoint=address, insecure=True)
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=20_000, schedule_delay_millis=1000)
        )
    tracer = provider.get_tracer("bench")
    return Contender(
        lambda: tracer.start_as_current_span("chat", attributes=ATTRIBUTES),
        lambda: provider.force_flush(60_000),
        lambda: "unknown",
    )
