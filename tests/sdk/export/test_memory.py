"""An exporter of one's own: init() takes it in place of the endpoint."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import axonize
from axonize.export.memory import MemoryExporter
from tests.sdk.export.collectors import spans_of


def test_keeps_metrics() -> None:
    exporter = MemoryExporter()
    exporter.send_metrics(b"metrics", 10)
    assert (exporter.metrics, exporter.requests) == ([b"metrics"], [])


def test_keeps_requests(tmp_path: Path) -> None:
    exporter = MemoryExporter()
    axonize.init(exporter=exporter, status_dir=str(tmp_path), integrations=["none"])
    with axonize.span("a"):
        pass
    assert axonize.flush()
    axonize.span("b").end()
    axonize.shutdown()
    requests = [ExportTraceServiceRequest.FromString(request) for request in exporter.requests]
    assert [span.name for request in requests for span in spans_of(request)] == ["a", "b"]
