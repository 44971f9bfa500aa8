"""ExportMetricsServiceRequest as OTLP/JSON.

Exemplars are left out, and of points that are refused anyway it keeps only how many there are.
"""

from __future__ import annotations

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1 import metrics_pb2

from axonize_server.ingest.json_messages import (
    Double,
    Enum,
    Int64,
    KeyValue,
    Message,
    Resource,
    Scope,
    UInt32,
    UInt64,
    reader,
)


class _Temporality(Enum):
    protobuf = metrics_pb2.AggregationTemporality


class _NumberDataPoint(Message):
    protobuf = metrics_pb2.NumberDataPoint
    attributes: list[KeyValue] | None = None
    start_time_unix_nano: UInt64 | None = None
    time_unix_nano: UInt64 | None = None
    as_double: Double | None = None
    as_int: Int64 | None = None
    flags: UInt32 | None = None


class _Gauge(Message):
    protobuf = metrics_pb2.Gauge
    data_points: list[_NumberDataPoint] | None = None


class _Sum(Message):
    protobuf = metrics_pb2.Sum
    data_points: list[_NumberDataPoint] | None = None
    aggregation_temporality: _Temporality | None = None
    is_monotonic: bool | None = None


class _HistogramDataPoint(Message):
    protobuf = metrics_pb2.HistogramDataPoint


class _Histogram(Message):
    protobuf = metrics_pb2.Histogram
    data_points: list[_HistogramDataPoint] | None = None


class _ExponentialHistogramDataPoint(Message):
    protobuf = metrics_pb2.ExponentialHistogramDataPoint


class _ExponentialHistogram(Message):
    protobuf = metrics_pb2.ExponentialHistogram
    data_points: list[_ExponentialHistogramDataPoint] | None = None


class _SummaryDataPoint(Message):
    protobuf = metrics_pb2.SummaryDataPoint


class _Summary(Message):
    protobuf = metrics_pb2.Summary
    data_points: list[_SummaryDataPoint] | None = None


class _Metric(Message):
    protobuf = metrics_pb2.Metric
    name: str | None = None
    unit: str | None = None
    gauge: _Gauge | None = None
    sum: _Sum | None = None
    histogram: _Histogram | None = None
    exponential_histogram: _ExponentialHistogram | None = None
    summary: _Summary | None = None


class _ScopeMetrics(Message):
    protobuf = metrics_pb2.ScopeMetrics
    scope: Scope | None = None
    metrics: list[_Metric] | None = None


class _ResourceMetrics(Message):
    protobuf = metrics_pb2.ResourceMetrics
    resource: Resource | None = None
    scope_metrics: list[_ScopeMetrics] | None = None


class _Request(Message):
    protobuf = ExportMetricsServiceRequest
    resource_metrics: list[_ResourceMetrics] | None = None


to_protobuf = reader(_Request)
"""Returns the request as protobuf bytes; MalformedRequest names the place of an error."""
