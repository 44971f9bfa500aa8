"""The metric exporters of OpenTelemetry against a whole server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (
    OTLPMetricExporter as GrpcExporter,
)
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import (
    OTLPMetricExporter as HttpExporter,
)
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from tests.server.serving import ServeProcess, call

EXPORTERS = {
    "grpc": lambda at: GrpcExporter(at["grpc"], insecure=True),
    "http": lambda at: HttpExporter(f"{at['http']}/v1/metrics"),
    "gzip": lambda at: HttpExporter(f"{at['http']}/v1/metrics", compression=Compression.Gzip),
}
MEASURED = {
    "hw.gpu.utilization": 0.5,
    "hw.gpu.memory.usage": 3 << 30,
    "hw.gpu.memory.limit": 80 << 30,
    "hw.temperature": 61,
    "hw.power": 350.5,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Yield what server.json says: http, grpc, pid."""
    process = ServeProcess(tmp_path_factory.mktemp("otlp-metrics") / "data")
    yield process.wait_ready()
    process.end()


def record(exporter: Any, uuid: str) -> None:
    """Measure a GPU twice with the SDK, and something that the server does not store."""
    attributes = {"hw.id": uuid, "hw.type": "gpu", "hw.name": "H100"}
    joules = iter((1000.0, 1600.0))
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], Resource({"host.name": "node-1"}))
    meter = provider.get_meter("gpus")
    for name, value in MEASURED.items():
        seen = [Observation(value, attributes)]
        meter.create_observable_gauge(name, [lambda _, seen=seen: seen])
    energy = [lambda _: [Observation(next(joules), attributes)]]
    meter.create_observable_counter("hw.energy", energy)
    meter.create_histogram("http.server.request.duration").record(0.1)
    assert provider.force_flush()
    provider.shutdown()  # measures once more, and sends that


def read(url: str) -> Any:
    status, body = call(url)
    assert status == 200
    return json.loads(body)


@pytest.mark.parametrize("form", EXPORTERS)
def test_what_the_sdk_measures_is_read_back(form: str, server: dict[str, Any]) -> None:
    uuid = f"GPU-{form}"
    record(EXPORTERS[form](server), uuid)

    listed = read(f"{server['http']}/api/v1/gpus")["items"]
    metrics = read(f"{server['http']}/api/v1/gpus/{uuid}/metrics?points=1")

    (gpu,) = (each for each in listed if each["resource_uuid"] == uuid)
    assert (gpu["host"], gpu["model"]) == ("node-1", "H100")
    sample = {name: value for name, value in gpu["sample"].items() if value is not None}
    assert sample == {
        "emitters": ["opentelemetry"], "utilization": 0.5, "memory_used_bytes": 3 << 30,
        "memory_total_bytes": 80 << 30, "temperature_c": 61.0, "power_w": 350.5,
        "energy_j": 1600.0,
    }  # fmt: skip
    (point,) = metrics["points"]
    assert point["energy_j"] == 600.0
    assert point["power_w"] == {"avg": 350.5, "min": 350.5, "max": 350.5}
    assert (
        b'axonize_metric_points_rejected_total{reason="unsupported_type"}'
        in call(f"{server['http']}/metrics")[1]
    )
