"""Traces as an OpenTelemetry SDK sends them, with times that a test can know."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import AttributeValue

MS = 1_000_000
MODEL = "meta-llama/Llama-3.1-8B-Instruct"
BATCH = 4000


@dataclass
class Seeder:
    """Makes spans in memory, `start_ns` being their common zero, and sends them in few requests."""

    http: str
    headers: Mapping[str, str] = field(default_factory=dict)
    start_ns: int = field(default_factory=lambda: time.time_ns() - 60_000 * MS)
    made: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    providers: dict[str, TracerProvider] = field(default_factory=dict)

    def span(
        self,
        name: str,
        start_ms: float,
        length_ms: float,
        *,
        parent: Span | None = None,
        service: str = "gateway",
        kind: SpanKind = SpanKind.INTERNAL,
        links: tuple[Link, ...] = (),
        error: Exception | None = None,
        **attributes: AttributeValue,
    ) -> Span:
        """Make one span; names of attributes are written with `__` for a dot."""
        start = self.start_ns + round(start_ms * MS)
        end = start + round(length_ms * MS)
        tracer = self._provider(service).get_tracer("tests.ui", "1.0")
        context = set_span_in_context(parent) if parent else None
        named = {key.replace("__", "."): value for key, value in attributes.items()}
        span = tracer.start_span(name, context, kind, named, links, start_time=start)
        assert isinstance(span, Span)
        if error is not None:
            span.record_exception(error, timestamp=end - MS)
            span.set_status(Status(StatusCode.ERROR, str(error)))
        span.end(end)
        return span

    def _provider(self, service: str) -> TracerProvider:
        if service not in self.providers:
            resource = Resource({"service.name": service, "host.name": "gpu-node-07"})
            provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(self.made))
            self.providers[service] = provider
        return self.providers[service]

    def send(self, *others: str) -> None:
        """Send what was made, to other servers too; an answer means that it is stored here."""
        spans = self.made.get_finished_spans()
        for http in (self.http, *others):
            exporter = OTLPSpanExporter(f"{http}/v1/traces", headers=dict(self.headers))
            for first in range(0, len(spans), BATCH):
                assert exporter.export(spans[first : first + BATCH]) is SpanExportResult.SUCCESS
            exporter.shutdown()
        self.made.clear()


def trace_id(span: Span) -> str:
    return format(span.get_span_context().trace_id, "032x")


def span_id(span: Span) -> str:
    return format(span.get_span_context().span_id, "016x")


@dataclass(frozen=True)
class Seeded:
    """The traces that every test may count on."""

    chat: Span
    generate: Span
    prefill: Span
    kernel: Span
    earlier: Span
    batch: Span
    batch_error: Span


def seed(http: str) -> Seeded:
    """Fill a server: a chat that fails, a trace of 20,000 spans, and 250 small ones."""
    seeder = Seeder(http)
    for number in range(250):
        seeder.span("GET /healthz", -20_000 + number * 10, 0.2 + number / 1000, service="probe")
    earlier = seeder.span("warm up", -25_000, 900, service="worker")
    chat = _chat(seeder, earlier)
    batched, batch_error = batch(seeder)
    seeder.send()
    return Seeded(*chat, earlier, batched, batch_error)


def _chat(seeder: Seeder, earlier: Span) -> tuple[Span, Span, Span, Span]:
    failure = MemoryError("CUDA out of memory. Tried to allocate 2.50 GiB")
    root = seeder.span(
        "POST /v1/chat/completions",
        0,
        5_600,
        kind=SpanKind.SERVER,
        links=(Link(earlier.get_span_context()),),
        http__request__method="POST",
        http__response__status_code=500,
        url__path="/v1/chat/completions",
        axonize__request__id="request-1",
    )
    seeder.span("authenticate", 0.2, 0.9, parent=root)
    context = seeder.span("retrieve context", 1.5, 5.2, parent=root, service="rag")
    seeder.span("vector search", 4, 2.4, parent=context, service="vector-db", kind=SpanKind.CLIENT)
    engine = seeder.span("engine.request", 9, 5_580, parent=root, service="vllm")
    seeder.span("queue", 9, 68, parent=engine, service="vllm")
    generate = seeder.span(
        "generate",
        77,
        5_510,
        parent=engine,
        service="vllm",
        error=failure,
        gen_ai__operation__name="chat",
        gen_ai__request__model=MODEL,
        gen_ai__usage__input_tokens=2754,
        gen_ai__usage__output_tokens=629,
        axonize__ttft_ms=385.5,
        gpu__0__label="cuda:0",
        exact=9_007_199_254_740_993,
    )
    prefill = seeder.span("prefill", 77, 385.5, parent=generate, service="vllm")
    kernel = seeder.span("flash_fwd_kernel", 80, 0.0447, parent=prefill, service="cuda")
    decode = seeder.span("decode", 462.5, 5_124, parent=generate, service="vllm")
    for step in range(24):
        seeder.span(f"step {step}", 462.5 + step * 213, 208, parent=decode, service="vllm")
    return root, generate, prefill, kernel


def batch(seeder: Seeder) -> tuple[Span, Span]:
    """Make a trace of 20,001 spans; return its root and the one that failed."""
    root = seeder.span("batch inference job", 10_000, 7_600, service="scheduler")
    failed = root
    for request in range(500):
        start = 10_000 + request * 15
        parent = seeder.span(
            f"request {request}", start, 100, parent=root, service=f"engine-{request % 4}"
        )
        for step in range(39):
            error = ValueError("NaN in the logits") if (request, step) == (321, 7) else None
            made = seeder.span(
                f"step {request}.{step}", start + step * 2.5, 2, parent=parent, error=error
            )
            failed = made if error else failed
    return root, failed
