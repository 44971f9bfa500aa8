"""The server's own numbers, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4"


class Metric(NamedTuple):
    """One number, or one for each value of a label; counters end in _total."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float | Mapping[str, float]
    label: str = ""


class Series(NamedTuple):
    """What a histogram counted for some values of its labels; buckets[i] is at or below bound i."""

    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    number: int
    sum: float


class Histogram(NamedTuple):
    """How often a value was at or below each of some bounds, by labels."""

    name: str
    help: str
    labels: tuple[str, ...]
    bounds: tuple[float, ...]
    series: Sequence[Series]


def render(metrics: Iterable[Metric | Histogram]) -> str:
    """Write metrics as Prometheus reads them; help texts must be one line."""
    lines: list[str] = []
    for metric in metrics:
        kind = "histogram" if isinstance(metric, Histogram) else metric.kind
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {kind}"]
        lines += _buckets(metric) if isinstance(metric, Histogram) else _values(metric)
    return "\n".join(lines) + "\n"


def _values(metric: Metric) -> Iterator[str]:
    if not isinstance(metric.value, Mapping):
        yield f"{metric.name} {metric.value!r}"
        return
    for key, value in sorted(metric.value.items()):
        yield f"{metric.name}{_labels((metric.label,), (key,))} {value!r}"


def _buckets(metric: Histogram) -> Iterator[str]:
    for labels, buckets, number, total in sorted(metric.series):
        for bound, below in zip((*metric.bounds, "+Inf"), (*buckets, number), strict=True):
            names, values = (*metric.labels, "le"), (*labels, str(bound))
            yield f"{metric.name}_bucket{_labels(names, values)} {below}"
        yield f"{metric.name}_count{_labels(metric.labels, labels)} {number}"
        yield f"{metric.name}_sum{_labels(metric.labels, labels)} {total!r}"


def _labels(names: Iterable[str], values: Iterable[str]) -> str:
    pairs = (f'{name}="{_escape(value)}"' for name, value in zip(names, values, strict=True))
    return f"{{{','.join(pairs)}}}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
