"""What is carried in vLLM's trace headers is taken out again, and vLLM's own stays."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from axonize.integrations.vllm.context import (
    read_ride,
    receive_ride,
    receive_span,
    send_ride,
    send_span,
)
from axonize.speed import Span


@pytest.mark.parametrize("own", [None, {"traceparent": "theirs", "tracestate": "a=b"}])
def test_a_span_goes_to_the_engine_and_leaves_the_headers_as_they_were(own: object) -> None:
    request = SimpleNamespace(trace_headers=own)
    span = Span("request")
    send_span(request, span)
    context = receive_span(request)
    assert context is not None
    assert (context.trace_id, context.span_id) == (span.trace_id, span.span_id)
    assert request.trace_headers == own
    assert receive_span(request) is None


def test_a_mapping_that_is_shared_is_not_changed() -> None:
    shared = {"traceparent": "theirs"}
    send_span(SimpleNamespace(trace_headers=shared), Span("request"))
    assert shared == {"traceparent": "theirs"}


def test_a_ride_comes_back() -> None:
    output = SimpleNamespace(trace_headers=None)
    ride = {"attributes": {"axonize.step.count": 3}, "queued": 1, "pauses": [[1, 2]]}
    send_ride(output, ride)
    told = receive_ride(output)
    assert told is not None
    assert read_ride(told) == ride
    assert output.trace_headers is None
    assert receive_ride(output) is None
