"""OTLP over gRPC against a real gRPC server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from axonize.endpoint import parse_endpoint
from axonize.export.exporter import Receipt, Rejected, Retryable
from axonize.export.grpc import GRPCExporter
from axonize.otlp_metrics import encode_metrics
from axonize.speed import Span, encode_request, encode_spans
from tests.sdk.export.collectors import (
    Collector,
    fails,
    grpc_collector,
    hangs,
    make_certificate,
    rejects,
)

REQUEST = encode_request({"service.name": "s"}, ("axonize", "1"), [encode_spans([Span("work")])])


@pytest.fixture
def exporter(collector: Collector) -> Iterator[GRPCExporter]:
    exporter = GRPCExporter(parse_endpoint(collector.address), {"Authorization": "Bearer k"})
    yield exporter
    exporter.close()


def test_request_arrives_as_it_is(collector: Collector, exporter: GRPCExporter) -> None:
    assert exporter.send(REQUEST, 60) == Receipt()
    assert exporter.send(REQUEST, 60) == Receipt()
    assert collector.requests == [ExportTraceServiceRequest.FromString(REQUEST)] * 2
    assert collector.headers[0]["authorization"] == "Bearer k"
    assert len(collector.connections) == 1


def test_metrics_share_the_channel(collector: Collector, exporter: GRPCExporter) -> None:
    metrics = encode_metrics({}, ("axonize", "1"), [])
    assert [exporter.send(REQUEST, 60), exporter.send_metrics(metrics, 10)] == [Receipt()] * 2
    assert collector.metrics == [ExportMetricsServiceRequest.FromString(metrics)]
    assert collector.headers[1]["authorization"] == "Bearer k"
    assert len(collector.connections) == 1


def test_compression(collector: Collector) -> None:
    exporter = GRPCExporter(parse_endpoint(collector.url), {}, compression="gzip")
    exporter.send(REQUEST, 60)
    exporter.close()
    assert collector.names == ["work"]


def test_partial_success(collector: Collector, exporter: GRPCExporter) -> None:
    collector.answers.append(rejects(3, "too old"))
    assert exporter.send(REQUEST, 60) == Receipt(3, "too old")


@pytest.mark.parametrize(
    "code",
    ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"],
)
def test_what_may_be_tried_again(collector: Collector, exporter: GRPCExporter, code: str) -> None:
    collector.answers.append(fails(grpc.StatusCode[code]))
    with pytest.raises(Retryable, match=f"^{code} told to fail$") as failure:
        exporter.send(REQUEST, 60)
    assert failure.value.retry_after_s is None
    assert exporter.send(REQUEST, 60) == Receipt()


@pytest.mark.parametrize(
    "code",
    ["INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "INTERNAL", "UNIMPLEMENTED"],
)
def test_what_may_not(collector: Collector, exporter: GRPCExporter, code: str) -> None:
    collector.answers.append(fails(grpc.StatusCode[code]))
    with pytest.raises(Rejected, match=f"^{code} told to fail$"):
        exporter.send(REQUEST, 60)


def test_exhausted_only_with_retry_info(collector: Collector, exporter: GRPCExporter) -> None:
    exhausted = grpc.StatusCode.RESOURCE_EXHAUSTED
    collector.answers += [fails(exhausted, retry_after_s=1.5), fails(exhausted)]
    with pytest.raises(Retryable) as failure:
        exporter.send(REQUEST, 60)
    assert failure.value.retry_after_s == 1.5
    with pytest.raises(Rejected):
        exporter.send(REQUEST, 60)


def test_unavailable_says_when(collector: Collector, exporter: GRPCExporter) -> None:
    collector.answers.append(fails(grpc.StatusCode.UNAVAILABLE, retry_after_s=0.25))
    with pytest.raises(Retryable) as failure:
        exporter.send(REQUEST, 60)
    assert failure.value.retry_after_s == 0.25


def test_deadline(collector: Collector, exporter: GRPCExporter) -> None:
    collector.answers.append(hangs(released := threading.Event()))
    with pytest.raises(Retryable, match="DEADLINE_EXCEEDED"):
        exporter.send(REQUEST, 0.2)
    released.set()


def test_interrupt_from_another_thread(collector: Collector, exporter: GRPCExporter) -> None:
    collector.answers.append(hangs(released := threading.Event()))
    failures: list[Retryable] = []

    def send() -> None:
        with pytest.raises(Retryable) as failure:
            exporter.send(REQUEST, 30)
        failures.append(failure.value)

    thread = threading.Thread(target=send)
    thread.start()
    collector.wait_for(lambda: collector.attempts == 1)
    while thread.is_alive():  # the collector may have it before the exporter knows
        exporter.interrupt()
        thread.join(0.05)
    released.set()
    assert "CANCELLED" in str(failures[0])
    assert exporter.send(REQUEST, 60) == Receipt()


def test_nobody_listens() -> None:
    with grpc_collector() as gone:
        address = gone.address
    exporter = GRPCExporter(parse_endpoint(address), {})
    with pytest.raises(Retryable, match="UNAVAILABLE"):
        exporter.send(REQUEST, 60)
    exporter.interrupt()
    exporter.close()
    exporter.close()
    with pytest.raises(Retryable):
        exporter.send(REQUEST, 60)


def test_tls(tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path)
    pair = [(key.read_bytes(), certificate.read_bytes())]
    with grpc_collector(grpc.ssl_server_credentials(pair)) as collector:
        secure = parse_endpoint(f"https://localhost:{collector.port}")
        trusting = GRPCExporter(secure, {}, certificate=str(certificate))
        assert trusting.send(REQUEST, 60) == Receipt()
        trusting.close()
        wary = GRPCExporter(secure, {})
        with pytest.raises(Retryable):
            wary.send(REQUEST, 60)
        wary.close()
        assert collector.names == ["work"]
