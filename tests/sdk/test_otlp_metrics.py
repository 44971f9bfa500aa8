"""Metrics as bytes, read by the generated classes of OpenTelemetry."""

from __future__ import annotations

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from axonize.otlp_metrics import Metric, Point, encode_metrics


def attribute(key: str, value: str) -> dict[str, object]:
    return {"key": key, "value": {"stringValue": value}}


def test_a_whole_request() -> None:
    metrics = [
        Metric("hw.power", "W", "gauge", [Point(7, 350.5, {"hw.id": "GPU-1"}), Point(8, 0, {})]),
        Metric("hw.energy", "J", "counter", [Point(7, 5000.0, {})]),
        Metric("hw.gpu.memory.usage", "By", "updown", [Point(7, -1, {}), Point(7, 2**63, {})]),
    ]
    encoded = encode_metrics({"host.name": "node-1"}, ("axonize", "1"), metrics)
    cumulative = {"aggregationTemporality": "AGGREGATION_TEMPORALITY_CUMULATIVE"}
    assert MessageToDict(ExportMetricsServiceRequest.FromString(encoded)) == {
        "resourceMetrics": [
            {
                "resource": {"attributes": [attribute("host.name", "node-1")]},
                "scopeMetrics": [
                    {
                        "scope": {"name": "axonize", "version": "1"},
                        "metrics": [
                            {
                                "name": "hw.power",
                                "unit": "W",
                                "gauge": {
                                    "dataPoints": [
                                        {
                                            "timeUnixNano": "7",
                                            "asDouble": 350.5,
                                            "attributes": [attribute("hw.id", "GPU-1")],
                                        },
                                        {"timeUnixNano": "8", "asInt": "0"},
                                    ]
                                },
                            },
                            {
                                "name": "hw.energy",
                                "unit": "J",
                                "sum": {
                                    "dataPoints": [{"timeUnixNano": "7", "asDouble": 5000.0}],
                                    "isMonotonic": True,
                                    **cumulative,
                                },
                            },
                            {
                                "name": "hw.gpu.memory.usage",
                                "unit": "By",
                                "sum": {
                                    "dataPoints": [
                                        {"timeUnixNano": "7", "asInt": "-1"},
                                        {"timeUnixNano": "7", "asDouble": 2.0**63},
                                    ],
                                    **cumulative,
                                },
                            },
                        ],
                    }
                ],
            }
        ]
    }
