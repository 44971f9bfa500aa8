"""What a span costs the host, beside OpenTelemetry's: python -m tests.bench.span."""

from __future__ import annotations

import importlib.util
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from axonize import buffer, otlp, pipeline, step_log
from axonize.spans import Span

ROUNDS = 101
SPANS = 500  # a round; fewer than either queue holds, so that nothing is dropped
SLICE = 64  # as the export worker encodes


def make_empty_spans(start: Callable[[str], Any]) -> None:
    """Open and close spans."""
    for _ in range(SPANS):
        with start("operation"):
            pass


def make_spans_with_attributes(start: Callable[[str], Any]) -> None:
    """Open and close spans with ten attributes of the usual types."""
    for _ in range(SPANS):
        with start("operation") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
            span.set_attribute("gen_ai.request.model", "llama-3.1-8b")
            span.set_attribute("gen_ai.provider.name", "vllm")
            span.set_attribute("gen_ai.usage.input_tokens", 512)
            span.set_attribute("gen_ai.usage.output_tokens", 128)
            span.set_attribute("gen_ai.request.temperature", 0.7)
            span.set_attribute("gen_ai.request.max_tokens", 256)
            span.set_attribute("axonize.batch_size", 8)
            span.set_attribute("axonize.ttft_ms", 41.5)
            span.set_attribute("axonize.stream", True)


class Bare:
    """The least that a `with` block and a method call can cost in Python."""

    def __enter__(self) -> Bare:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def set_attribute(self, key: str, value: object) -> None:
        """Do nothing."""


@dataclass
class Contender:
    """One way to make spans; settle() takes away, unmeasured, what a round has left."""

    name: str
    start: Callable[[str], Any]
    settle: Callable[[], object]
    empty: list[float] = field(default_factory=list)
    full: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Measure one round of each kind, in ns a span."""
        for loop, times in (
            (make_empty_spans, self.empty),
            (make_spans_with_attributes, self.full),
        ):
            began = time.perf_counter_ns()
            loop(self.start)
            times.append((time.perf_counter_ns() - began) / SPANS)
            self.settle()


class Discard(SpanExporter):
    """Takes OpenTelemetry's spans to nowhere."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Forget the spans."""
        return SpanExportResult.SUCCESS


def open_telemetry() -> Contender:
    """Return the OpenTelemetry SDK as its documentation sets it up."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Discard()))
    tracer = provider.get_tracer("bench")
    return Contender("OpenTelemetry SDK", tracer.start_as_current_span, provider.force_flush)


def axonize(name: str, core: Any) -> Contender:
    """Return one version of our core, its buffer drained and encoded as the worker does."""
    waiting = core.RingBuffer(10_000)
    core.configure(waiting)

    def settle() -> None:
        while spans := waiting.drain(SLICE):
            core.encode_spans(spans)
        assert not waiting.dropped

    return Contender(name, core.Span, settle)


def python_core() -> ModuleType:
    """Return the Python version under the names of the C module."""
    core = ModuleType("python")
    core.__dict__.update(
        Span=Span,
        RingBuffer=buffer.RingBuffer,
        configure=pipeline.configure,
        encode_spans=otlp.encode_spans,
        StepLog=step_log.StepLog,
        follow_schedule=step_log.follow_schedule,
        follow_update=step_log.follow_update,
    )
    return core


def cores() -> dict[str, Any]:
    """Return the versions that there are here."""
    found: dict[str, Any] = {"Axonize, Python": python_core()}
    if importlib.util.find_spec("axonize._core"):
        found = {"Axonize, C": importlib.import_module("axonize._core"), **found}
    return found


def encoding_time(core: Any) -> float:
    """Return the median time to encode one span of 12 attributes, in ns."""
    spans = []
    for _ in range(SLICE):
        span = core.Span("operation", {f"attribute.{n}": "value" for n in range(4)})
        span.set_attributes({f"count.{n}": 1_000 * n for n in range(4)})
        span.set_attributes({f"ratio.{n}": n / 3 for n in range(4)})
        span.end()
        spans.append(span)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        core.encode_spans(spans)
        times.append((time.perf_counter_ns() - began) / SLICE)
    return statistics.median(times)


def main() -> None:
    """Print the table: medians of interleaved rounds."""
    versions = cores()
    reference = open_telemetry()
    bare = Bare()
    contenders = [axonize(name, core) for name, core in versions.items()]
    contenders += [reference, Contender("bare `with` and calls", lambda _: bare, lambda: None)]
    for _ in range(ROUNDS):
        for contender in contenders:
            contender.run()
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()};")
    print(f"medians of {ROUNDS} interleaved rounds of {SPANS} spans, ns a span\n")
    print(f"{'':22} {'empty':>8} {'10 attributes':>14} {'times faster than OpenTelemetry':>34}")
    for contender in contenders:
        row = [statistics.median(contender.empty), statistics.median(contender.full)]
        other = [statistics.median(reference.empty), statistics.median(reference.full)]
        ratios = [theirs / ours for ours, theirs in zip(row, other, strict=True)]
        print(
            f"{contender.name:22} {row[0]:8.0f} {row[1]:14.0f} {ratios[0]:22.1f} {ratios[1]:11.1f}"
        )
    print()
    for name, core in versions.items():
        print(f"{name:22} {encoding_time(core):8.0f} ns to encode a span of 12 attributes")


if __name__ == "__main__":
    main()
