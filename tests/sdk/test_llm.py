"""Spans of LLM requests: names, token counts and latencies."""

from __future__ import annotations

import pytest

import axonize
from axonize.llm import latencies
from axonize.testing import CapturedSpans

MILLISECOND = 1_000_000


def test_named_as_the_conventions_say(captured_spans: CapturedSpans) -> None:
    with axonize.llm_span(
        "chat", model="llama", provider="vllm", attributes={"gen_ai.request.seed": 7}, kind="client"
    ) as span:
        span.set_tokens_input(12)
        span.set_tokens_output(0)
        axonize.span("inside").end()
    assert captured_spans.tree() == [
        {
            "name": "chat llama",
            "kind": "client",
            "attributes": {
                "gen_ai.request.seed": 7,
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "llama",
                "gen_ai.provider.name": "vllm",
                "gen_ai.usage.input_tokens": 12,
                "gen_ai.usage.output_tokens": 0,
            },
            "children": [{"name": "inside"}],
        }
    ]


def test_without_tokens_nothing_is_claimed(captured_spans: CapturedSpans) -> None:
    axonize.llm_span("embeddings").end()
    assert captured_spans.tree() == [
        {"name": "embeddings", "attributes": {"gen_ai.operation.name": "embeddings"}}
    ]


def test_ends_once(captured_spans: CapturedSpans) -> None:
    span = axonize.llm_span("chat")
    span.record_token()
    span.end()
    span.record_token()
    span.end()
    assert [each.attributes["gen_ai.usage.output_tokens"] for each in captured_spans.spans] == [1]


def test_a_failing_request_has_its_latencies(captured_spans: CapturedSpans) -> None:
    span = axonize.llm_span("chat")
    span.record_token()
    with pytest.raises(ValueError, match="no"), span:
        raise ValueError("no")
    (ended,) = captured_spans.spans
    assert (ended.status, ended.attributes["axonize.ttft_ms"]) == ("error", 1.0)


def test_stated_token_count_wins(captured_spans: CapturedSpans) -> None:
    with axonize.llm_span("chat") as span:
        span.record_token()
        span.record_token()  # a chunk of four
        span.set_tokens_output(5)
    (ended,) = captured_spans.spans
    assert ended.attributes["gen_ai.usage.output_tokens"] == 5
    assert ended.attributes["axonize.tpot_ms"] == 0.25


def test_latencies() -> None:
    times = [30, 40, 60, 61, 161]
    assert latencies(10 * MILLISECOND, [time * MILLISECOND for time in times], 5) == {
        "gen_ai.response.time_to_first_chunk": 0.02,
        "axonize.ttft_ms": 20.0,
        "axonize.tpot_ms": 32.75,
        "axonize.itl.p50_ms": 10.0,
        "axonize.itl.p99_ms": 100.0,
        "axonize.itl.max_ms": 100.0,
    }


def test_one_token_has_no_gaps() -> None:
    assert list(latencies(0, [1], 1)) == [
        "gen_ai.response.time_to_first_chunk",
        "axonize.ttft_ms",
    ]


def test_percentiles_are_by_nearest_rank() -> None:
    gaps = range(1, 201)
    times = [0]
    for gap in gaps:
        times.append(times[-1] + gap * MILLISECOND)
    found = latencies(0, times, len(times))
    assert (found["axonize.itl.p50_ms"], found["axonize.itl.p99_ms"]) == (100.0, 198.0)
