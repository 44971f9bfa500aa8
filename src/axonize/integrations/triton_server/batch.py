"""The requests that a model is given at once: a span for each, and one for the batch of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from axonize import recording, semconv
from axonize.context import ROOT, SpanContext
from axonize.guard import guarded
from axonize.recording import join_work, record_failure
from axonize.speed import Span, current_span


class Asked(NamedTuple):
    """One request: who asks, and what is known of it."""

    caller: SpanContext | None
    attributes: Mapping[str, Any]


class Execution:
    """The span of one request, which ends with the call of the model or with its last response."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.responding = False
        self._began = time.monotonic_ns()
        self._responses = 0

    def responded(self) -> None:
        """Count a response of several."""
        self._responses += 1
        self.span.set_attribute(semconv.TRITON_SERVER_RESPONSES, self._responses)
        if self._responses == 1:
            first_ms = (time.monotonic_ns() - self._began) / 1e6
            self.span.set_attribute(semconv.TRITON_SERVER_FIRST_RESPONSE_MS, first_ms)


class Batch:
    """One call of a model, and the span that is current in it.

    That is the request's where there is one request. What is done for several has a span of its
    own, in a trace of its own, and they are linked to it.
    """

    def __init__(self, name: str, requests: Sequence[Asked], gpu: str | None = None) -> None:
        size = {semconv.BATCH_SIZE: len(requests)}
        spans = [
            Span(f"execute {name}", {**each.attributes, **size}, kind="server", parent=each.caller)
            for each in requests
        ]
        gpus = recording.engine_gpus or (() if gpu is None else (gpu,))
        for span in spans:
            span.set_gpus(gpus)
        self.executions = [Execution(span) for span in spans]
        self._shared = Span(f"batch {name}", size, parent=ROOT) if len(spans) != 1 else None
        if self._shared is not None:
            for span in spans:
                self._shared.add_link(span)
                span.add_link(self._shared)
            if spans:
                join_work(self._shared, spans[0])
        self._outside = current_span.get()
        current_span.set(self._shared or spans[0])

    @guarded
    def ended(self, errors: Sequence[str | None] = ()) -> None:
        """End the spans but of those requests that go on responding."""
        current_span.set(self._outside)
        if self._shared is not None:
            self._shared.end()
        for index, execution in enumerate(self.executions):
            error = errors[index] if index < len(errors) else None
            if error is not None:
                execution.span.set_status("error", error)
            if not execution.responding:
                execution.span.end()

    @guarded
    def failed(self, error: BaseException) -> None:
        """End the spans because the model raised this."""
        spans = [execution.span for execution in self.executions]
        for span in (*spans, *((self._shared,) if self._shared else ())):
            record_failure(span, error)
        for execution in self.executions:
            execution.responding = False
        self.ended()
