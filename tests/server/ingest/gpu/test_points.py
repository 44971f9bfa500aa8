from __future__ import annotations

from axonize_server.ingest.gpu.points import MAX_ATTRIBUTES, MAX_TEXT, points_of, texts_of
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from tests.server.gpus import attributes_of, counter, gauge


def test_points_of_every_kind() -> None:
    histogram = Metric(name="h")
    histogram.histogram.data_points.add(count=3)
    sent = [gauge("g", 1.0), counter("c", 2), histogram, Metric(name="nothing")]
    assert [len(points_of(metric)) for metric in sent] == [1, 1, 1, 0]


def test_texts_are_short_and_not_too_many() -> None:
    sent = {"a": "text", "number": 1, "full": "x" * MAX_TEXT, "long": "x" * (MAX_TEXT + 1)}
    assert texts_of(attributes_of(sent)) == {"a": "text", "number": "", "full": "x" * MAX_TEXT}
    many = {f"k{number}": "v" for number in range(MAX_ATTRIBUTES + 5)}
    assert len(texts_of(attributes_of(many))) == MAX_ATTRIBUTES
