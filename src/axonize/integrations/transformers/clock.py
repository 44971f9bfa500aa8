"""When the tokens of one generate call came, and the latencies that follow."""

from __future__ import annotations

import math
import time
from typing import Any

from axonize import semconv


class TokenClock:
    """Ticks once before the first token and once after every token; begins when constructed."""

    def __init__(self) -> None:
        self.began = time.monotonic_ns()
        self.ticks: list[int] = []

    def tick(self) -> None:
        """Note the time."""
        self.ticks.append(time.monotonic_ns())

    @property
    def tokens(self) -> int:
        """How many steps have given their token, or tokens where several come at once."""
        return max(len(self.ticks) - 1, 0)

    def latency(self, length: int | None, *, streaming: bool) -> dict[str, Any]:
        """Return the latency attributes; `length` is the number of tokens of the longest row.

        The time per output token leaves out the first, as in the GenAI conventions; the times
        between tokens are those between steps.
        """
        if not self.tokens:
            return {}
        first, last = self.ticks[1], self.ticks[-1]
        attributes: dict[str, Any] = {
            semconv.GENERATION_STEPS: self.tokens,
            semconv.TTFT_MS: (first - self.began) / 1e6,
        }
        if streaming:
            attributes[semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = (first - self.began) / 1e9
        if (length or self.tokens) > 1 and last > first:
            attributes[semconv.TPOT_MS] = (last - first) / 1e6 / ((length or self.tokens) - 1)
        return attributes | self._between()

    def _between(self) -> dict[str, float]:
        times = sorted(
            (after - before) / 1e6
            for before, after in zip(self.ticks[1:], self.ticks[2:], strict=False)
        )
        if not times:
            return {}
        return {
            semconv.ITL_P50_MS: _percentile(times, 0.50),
            semconv.ITL_P99_MS: _percentile(times, 0.99),
            semconv.ITL_MAX_MS: times[-1],
        }


def _percentile(ordered: list[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    return ordered[math.ceil(share * len(ordered)) - 1]
