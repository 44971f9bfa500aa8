"""OTLP/JSON metrics say what the protobuf request says, or where they are wrong."""

from __future__ import annotations

import json
import math

import pytest
from axonize_server.ingest.gpu.json import to_protobuf
from axonize_server.model import MalformedRequest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from tests.server.gpus import counter, gauge, metrics


@pytest.mark.parametrize("as_numbers", [True, False])
def test_gauges_and_sums(as_numbers):
    message = metrics(
        gauge("hw.power", 351.5), gauge("hw.power", math.nan), counter("hw.energy", 7)
    )
    body = json.dumps(MessageToDict(message, use_integers_for_enums=as_numbers)).encode()
    assert str(ExportMetricsServiceRequest.FromString(to_protobuf(body))) == str(message)


@pytest.mark.parametrize("kind", ["histogram", "exponential_histogram", "summary"])
def test_what_is_refused_keeps_its_number_of_points(kind):
    metric = Metric(name="m")
    for _ in range(3):
        getattr(metric, kind).data_points.add(count=5, time_unix_nano=1)
    body = json.dumps(MessageToDict(metrics(metric))).encode()
    read = ExportMetricsServiceRequest.FromString(to_protobuf(body))
    read_metric = read.resource_metrics[0].scope_metrics[0].metrics[0]
    assert len(getattr(read_metric, kind).data_points) == 3


@pytest.mark.parametrize(
    ("data_point", "place"),
    [
        ({"asDouble": "much"}, "asDouble"),
        ({"asInt": 0.5}, "asInt"),
        ({"timeUnixNano": -1}, "timeUnixNano"),
        ({"attributes": {}}, "attributes"),
        (5, "dataPoints"),
    ],
)
def test_an_error_is_named_by_its_place(data_point, place):
    metric = {"name": "m", "gauge": {"dataPoints": [data_point]}}
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()
    with pytest.raises(MalformedRequest, match=place):
        to_protobuf(body)
