"""The span of one LLM request: tokens, time to the first, time between them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from axonize import semconv
from axonize.context import SpanContext
from axonize.guard import guarded
from axonize.ranks import spread
from axonize.spans import Kind
from axonize.speed import Span

_monotonic_ns: Callable[[], int] = time.monotonic_ns


def set_test_clock(clock: Callable[[], int] | None) -> None:
    """Take the times of tokens (ns) from this function; None restores the real one."""
    global _monotonic_ns
    _monotonic_ns = clock or time.monotonic_ns


class LLMSpan(Span):
    """An operation of a model, such as "chat", "text_completion" or "embeddings".

    Named as the GenAI conventions say, "{operation} {model}". At its end it has the token counts
    and, when record_token() was called, the latencies of the tokens.
    """

    __slots__ = ("_input_tokens", "_output_tokens", "_started", "_times")

    def __init__(
        self,
        operation: str,
        *,
        model: str | None = None,
        provider: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        kind: Kind = "internal",
        parent: Span | SpanContext | None = None,
    ) -> None:
        name = f"{operation} {model}" if model else operation
        super().__init__(name, attributes, kind=kind, parent=parent)
        self.set_attribute(semconv.GEN_AI_OPERATION_NAME, operation)
        self.set_attribute(semconv.GEN_AI_REQUEST_MODEL, model)
        self.set_attribute(semconv.GEN_AI_PROVIDER_NAME, provider)
        self._input_tokens: int | None = None
        self._output_tokens: int | None = None
        self._times = array("q")
        self._started = _monotonic_ns()

    def set_tokens_input(self, count: int) -> None:
        """Say how many tokens the prompt has."""
        self._input_tokens = count

    def set_tokens_output(self, count: int) -> None:
        """Say how many tokens were generated, where that is not the number of record_token()."""
        self._output_tokens = count

    def record_token(self) -> None:
        """Note that an output token, or a chunk of them, is there now."""
        self._times.append(_monotonic_ns())

    def end(self, end_ns: int | None = None) -> None:
        """End the span, as every span does, with what is known of its tokens."""
        if not self.ended:
            self._summarize()
        super().end(end_ns)

    @guarded
    def _summarize(self) -> None:
        self.set_attribute(semconv.GEN_AI_USAGE_INPUT_TOKENS, self._input_tokens)
        tokens = len(self._times) if self._output_tokens is None else self._output_tokens
        if tokens or self._output_tokens is not None:
            self.set_attribute(semconv.GEN_AI_USAGE_OUTPUT_TOKENS, tokens)
        if self._times:
            self.set_attributes(latencies(self._started, self._times, tokens))


def latencies(started_ns: int, times_ns: Sequence[int], tokens: int) -> dict[str, float]:
    """Compute what the moments of the output tokens (ns, rising) say, as attributes.

    Time per output token is (last - first) / (tokens - 1), as OpenTelemetry defines
    gen_ai.server.time_per_output_token; percentiles of the gaps are by nearest rank.
    """
    first_ns = times_ns[0] - started_ns
    found = {
        semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: first_ns / 1e9,
        semconv.TTFT_MS: first_ns / 1e6,
    }
    if len(times_ns) > 1 and tokens > 1:
        gaps = sorted(map(int.__sub__, times_ns[1:], times_ns))
        found[semconv.TPOT_MS] = (times_ns[-1] - times_ns[0]) / 1e6 / (tokens - 1)
        names = (semconv.ITL_P50_MS, semconv.ITL_P99_MS, semconv.ITL_MAX_MS)
        found.update(zip(names, (gap / 1e6 for gap in spread(gaps)), strict=True))
    return found
