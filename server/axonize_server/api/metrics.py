"""The server's own numbers, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4"


class Metric(NamedTuple):
    """One number, or one for each value of a label; counters end in _total."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float | Mapping[str, float]
    label: str = ""


def render(metrics: Iterable[Metric]) -> str:
    """Write metrics as Prometheus reads them; help texts must be one line."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        if isinstance(metric.value, Mapping):
            lines += [
                f'{metric.name}{{{metric.label}="{_escape(key)}"}} {value!r}'
                for key, value in sorted(metric.value.items())
            ]
        else:
            lines.append(f"{metric.name} {metric.value!r}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
