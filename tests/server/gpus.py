"""OTLP metrics of GPUs as senders make them."""

from __future__ import annotations

from typing import Any

from axonize_server.ingest.gpu.decode import decode, read_request
from axonize_server.ingest.rows import Rows
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from tests.server.ingest.otlp import pairs
from tests.server.rows import NOW_NS

GPU = "GPU-5b5c6f1e-0000-0000-0000-000000000001"
HARDWARE = {"hw.id": GPU, "hw.type": "gpu"}
RESOURCE = {"host.name": "node-1"}
CUMULATIVE = 2


def attributes_of(values: dict[str, Any]) -> list[KeyValue]:
    """Return attributes as messages."""
    return pairs(values)


def gauge(name: str, value: float | None, *, seconds: float = 0, **attributes: Any) -> Metric:
    """Return a gauge with one point, `seconds` after NOW_NS; "__" in a name stands for a dot."""
    metric = Metric(name=name)
    metric.gauge.data_points.add(**_point(value, seconds, attributes))
    return metric


def counter(name: str, value: float, *, seconds: float = 0, **attributes: Any) -> Metric:
    """Return a cumulative sum with one point."""
    metric = Metric(name=name)
    metric.sum.aggregation_temporality = CUMULATIVE
    metric.sum.data_points.add(**_point(value, seconds, attributes))
    return metric


def _point(value: float | None, seconds: float, attributes: dict[str, Any]) -> dict[str, Any]:
    named = {name.replace("__", "."): each for name, each in attributes.items()}
    member = {} if value is None else {"as_int" if type(value) is int else "as_double": value}
    return {
        "time_unix_nano": NOW_NS + round(seconds * 1e9),
        "attributes": attributes_of({**HARDWARE, **named}),
        **member,
    }


def metrics(*sent: Metric, resource: dict[str, Any] | None = None) -> ExportMetricsServiceRequest:
    """Return a request with these metrics."""
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    attributes = RESOURCE if resource is None else resource
    resource_metrics.resource.attributes.extend(attributes_of(attributes))
    resource_metrics.scope_metrics.add().metrics.extend(sent)
    return request


def decoded(tenant: str, *requests: ExportMetricsServiceRequest) -> Rows:
    """Return what the server makes of requests."""
    return decode([read_request(tenant, each.SerializeToString()) for each in requests])
