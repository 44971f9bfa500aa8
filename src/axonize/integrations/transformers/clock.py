"""When the tokens of one generate call came, and the latencies that follow."""

from __future__ import annotations

import time
from array import array

from axonize import semconv
from axonize.llm import latencies


class TokenClock:
    """Ticks once before the first token and once after every token; begins when constructed."""

    def __init__(self) -> None:
        self._began = time.monotonic_ns()
        self._ticks = array("q")

    def tick(self) -> None:
        """Note the time."""
        self._ticks.append(time.monotonic_ns())

    @property
    def steps(self) -> int:
        """How many steps have given their token, or tokens where several come at once."""
        return max(len(self._ticks) - 1, 0)

    def latency(self, length: int | None) -> dict[str, float]:
        """Return the latency attributes; `length` is the number of tokens of the longest row.

        The times between tokens are those between steps.
        """
        if not self.steps:
            return {}
        return {
            semconv.GENERATION_STEPS: self.steps,
            **latencies(self._began, self._ticks[1:], length or self.steps),
        }
