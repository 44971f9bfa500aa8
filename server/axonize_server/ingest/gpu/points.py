"""What data points and resources of OTLP metrics carry, as far as it is stored: short texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

MAX_ATTRIBUTES = 128  # of a point or a resource; OpenTelemetry's own default
MAX_TEXT = 200

Texts = Mapping[str, str]


def points_of(metric: Metric) -> Sequence[Any]:
    """Return the points of a metric, whatever kind it is."""
    kind = metric.WhichOneof("data")
    points: Sequence[Any] = getattr(metric, kind).data_points if kind else ()
    return points


def texts_of(pairs: Iterable[Any]) -> Texts:
    """Return the attributes that are texts, without the long ones; others read as ""."""
    return {
        pair.key: pair.value.string_value
        for pair in islice(pairs, MAX_ATTRIBUTES)
        if len(pair.value.string_value) <= MAX_TEXT
    }
