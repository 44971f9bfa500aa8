"""A manager of the tiny model with a bounded cache, and what it sends as it comes over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans
from transformers import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching import scheduler as schedulers

from axonize.lifecycle import reconnect
from axonize.speed import RingBuffer, configure, encode_spans
from tests.integrations.collector import Received, read
from tests.integrations.transformers.conftest import Tiny

CAPACITY = 100_000


class Sent:
    """The spans that have ended, with real times, as a collector would read them."""

    def __init__(self, buffer: RingBuffer) -> None:
        self._buffer = buffer
        self.spans: list[Received] = []

    def sample_none(self) -> None:
        """Let go what is not kept whatever the sampling rate."""
        configure(self._buffer, sampling_bound=0)

    def read(self) -> dict[str, list[Received]]:
        """Return the new spans by their name, each with what lies below it."""
        encoded = encode_spans(self._buffer.drain(CAPACITY))
        spans = [read(span, {}) for span in ScopeSpans.FromString(encoded).spans]
        self.spans = sorted(spans, key=lambda span: span.start_ns)
        known = {span.span_id: span for span in spans}
        found: dict[str, list[Received]] = {}
        for span in self.spans:
            found.setdefault(span.name, []).append(span)
            if span.parent_span_id in known:
                known[span.parent_span_id].children.append(span)
        return found


@pytest.fixture
def sent() -> Iterator[Sent]:
    buffer = RingBuffer(CAPACITY)
    configure(buffer)
    try:
        yield Sent(buffer)
    finally:
        reconnect()


class Recorded(list[dict[str, int]]):
    """The batches that a scheduler gave out, as it wrote them down itself, without Axonize."""

    def recording(self, scheduler: type) -> type:
        class RecordingScheduler(scheduler):  # type: ignore[misc]
            def schedule_batch(inner, *args: Any) -> Any:  # noqa: N805 - two of them
                scheduled = super().schedule_batch(*args)
                if scheduled[0]:
                    self.append({each.state.request_id: each.query_length for each in scheduled[0]})
                return scheduled

        return RecordingScheduler


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    for name, scheduler in schedulers.SCHEDULER_MAPPING.items():
        monkeypatch.setitem(schedulers.SCHEDULER_MAPPING, name, recorded.recording(scheduler))
    return recorded


def bounded(**more: Any) -> ContinuousBatchingConfig:
    """Return the settings of a small cache: without a bound it takes most of the memory."""
    return ContinuousBatchingConfig(**{"num_blocks": 32, "max_batch_tokens": 64, **more})


def greedy(tokens: int, **more: Any) -> GenerationConfig:
    settings = {"do_sample": False, "eos_token_id": -1, "pad_token_id": 1, **more}
    return GenerationConfig(max_new_tokens=tokens, **settings)


@contextmanager
def managing(tiny: Tiny, config: GenerationConfig, **more: Any) -> Iterator[Any]:
    """Run a manager of its own."""
    with tiny.model.continuous_batching_context_manager(
        generation_config=config, continuous_batching_config=bounded(**more)
    ) as manager:
        yield manager
