"""What the demo prints: its steps as they go, then a table."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from axonize.demo.load import Load

BAR = 24


class Step:
    """One line of progress: what is done, how far it is, how long it took."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._live = sys.stdout.isatty()

    def __enter__(self) -> Callable[[int, int], None]:
        self._start = time.monotonic()
        if self._live:
            print(f"  … {self._title}", end="", flush=True)
        return self.show

    def show(self, finished: int, total: int) -> None:
        """Redraw the line with a bar."""
        if self._live:
            filled = BAR * finished // total
            bar = "━" * filled + "─" * (BAR - filled)
            print(f"\r  … {self._title}  {bar} {finished}/{total}", end="", flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        mark = "✓" if kind is None else "✗"
        start = "\r\033[2K" if self._live else ""
        print(f"{start}  {mark} {self._title}  {time.monotonic() - self._start:.1f} s", flush=True)


class Progress:
    """The steps of the demo, one line each."""

    def step(self, title: str) -> Step:
        """Return a step to be used in a `with` block."""
        return Step(title)


def summary(url: str, load: Load, found: dict[str, dict[str, Any]]) -> str:
    """Return the table: what was sent, how fast it was, what came back, where to look."""
    answered = [reply for reply in load.replies if reply.ok]
    rows = [("Requests", f"{len(answered)} answered of {len(load.replies)}")]
    if answered:
        rows.append(("Time to first token", _ttft([reply.ttft_ms for reply in answered])))
    rows.append(("Traces read back", f"{len(found)} of {len(load.replies)}"))
    if found:
        rows += _traces(url, load.seconds, list(found.values()))
    rows.append(("All traces", f"{url}/traces"))
    return _table(rows)


def _ttft(values: list[float]) -> str:
    return f"p50 {percentile(values, 50):.0f} ms   p95 {percentile(values, 95):.0f} ms"


def percentile(values: list[float], rank: int) -> float:
    """Return the percentile of the values, by linear interpolation."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[rank - 1]


def _traces(url: str, seconds: float, traces: list[dict[str, Any]]) -> list[tuple[str, str]]:
    slowest = max(traces, key=lambda trace: float(trace["duration_ms"]))
    tokens = sum(trace["output_tokens"] for trace in traces)
    return [
        ("Tokens per second", f"{tokens / seconds:.0f}   ({tokens} tokens in {seconds:.1f} s)"),
        ("Spans", str(sum(trace["span_count"] for trace in traces))),
        ("Slowest trace", f"{slowest['duration_ms']:.0f} ms"),
        ("", f"{url}/traces/{slowest['trace_id']}"),
    ]


def _table(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n" + "\n".join(f"  {name:<{width}}  {value}" for name, value in rows) + "\n"
