"""The kinds of telemetry that are taken: where each is sent, and how it is read and answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from google.protobuf.message import Message

from axonize_server.ingest import answers
from axonize_server.ingest import json as spans_json
from axonize_server.ingest.gpu import json as metrics_json
from axonize_server.model import Accepted


class Signal(NamedTuple):
    """One kind of telemetry."""

    path: str
    """Of its HTTP requests."""
    service: str
    """Of its gRPC calls."""
    from_json: Callable[[bytes], bytes]
    """Writes an OTLP/JSON request as protobuf bytes; raises MalformedRequest."""
    response: Callable[[Accepted], Message]


TRACES = Signal(
    "/v1/traces",
    "opentelemetry.proto.collector.trace.v1.TraceService",
    spans_json.to_protobuf,
    answers.response,
)
METRICS = Signal(
    "/v1/metrics",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    metrics_json.to_protobuf,
    answers.metrics_response,
)
