"""Metrics to OTLP protobuf, as opentelemetry/proto/metrics/v1/metrics.proto defines it; no I/O."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from axonize.otlp import attributes_field
from axonize.protobuf import field, fixed64, pack_double, text_field
from axonize.values import plain_attributes

Kind = Literal["gauge", "counter", "updown"]
_pack_integer = struct.Struct("<q").pack
_CUMULATIVE = b"\x10\x02"
_MONOTONIC = b"\x18\x01"


class Point(NamedTuple):
    """A value at a time in Unix ns."""

    time_ns: int
    value: int | float
    attributes: Mapping[str, Any]


class Metric(NamedTuple):
    """Points of one name; counters and sums that go up and down are cumulative."""

    name: str
    unit: str
    kind: Kind
    points: list[Point]


def encode_metrics(
    resource: Mapping[str, Any], scope: tuple[str, str], metrics: Iterable[Metric]
) -> bytes:
    """Encode a whole ExportMetricsServiceRequest: resource attributes, scope (name, version)."""
    name, version = scope
    scope_field = field(b"\x0a", text_field(b"\x0a", name) + text_field(b"\x12", version))
    encoded = b"".join([field(b"\x12", _metric(metric)) for metric in metrics])
    resource_attributes = attributes_field(b"\x0a", plain_attributes(resource))
    scope_metrics = field(b"\x12", scope_field + encoded)
    return field(b"\x0a", field(b"\x0a", resource_attributes) + scope_metrics)


def _metric(metric: Metric) -> bytes:
    points = b"".join([field(b"\x0a", _point(point)) for point in metric.points])
    data = (
        field(b"\x2a", points) if metric.kind == "gauge" else field(b"\x3a", points + _sum(metric))
    )
    return text_field(b"\x0a", metric.name) + text_field(b"\x1a", metric.unit) + data


def _sum(metric: Metric) -> bytes:
    return _CUMULATIVE + (_MONOTONIC if metric.kind == "counter" else b"")


def _point(point: Point) -> bytes:
    return b"".join(
        [
            fixed64(b"\x19", point.time_ns),
            _value(point.value),
            attributes_field(b"\x3a", point.attributes),
        ]
    )


def _value(value: int | float) -> bytes:
    if isinstance(value, float) or not -(2**63) <= value < 2**63:
        return b"\x21" + pack_double(value)
    return b"\x31" + _pack_integer(value)
