"""OTLP over HTTP against a real HTTP server."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from axonize.endpoint import parse_endpoint
from axonize.export.exporter import Receipt, Rejected, Retryable
from axonize.export.http import HTTPExporter, parse_retry_after
from axonize.otlp_metrics import encode_metrics
from axonize.speed import Span, encode_request, encode_spans
from tests.sdk.export.collectors import (
    Collector,
    Handler,
    Reply,
    http_collector,
    make_certificate,
    resets,
)

REQUEST = encode_request({"service.name": "s"}, ("axonize", "1"), [encode_spans([Span("work")])])


@pytest.fixture
def exporter(web_collector: Collector) -> Iterator[HTTPExporter]:
    exporter = HTTPExporter(parse_endpoint(web_collector.url), {"authorization": "Bearer k"})
    yield exporter
    exporter.close()


def test_requests_share_a_connection(web_collector: Collector, exporter: HTTPExporter) -> None:
    assert exporter.send(REQUEST, 60) == Receipt()
    assert exporter.send(REQUEST, 60) == Receipt()
    assert web_collector.requests == [ExportTraceServiceRequest.FromString(REQUEST)] * 2
    headers = web_collector.headers[0]
    assert headers["authorization"] == "Bearer k"
    assert headers["content-type"] == "application/x-protobuf"
    assert headers[":path"] == "/v1/traces"
    assert len(web_collector.connections) == 1


def test_metrics_go_beside_traces(web_collector: Collector, exporter: HTTPExporter) -> None:
    metrics = encode_metrics({}, ("axonize", "1"), [])
    assert exporter.send_metrics(metrics, 10) == Receipt()
    assert web_collector.metrics == [ExportMetricsServiceRequest.FromString(metrics)]
    assert web_collector.headers[0][":path"] == "/v1/metrics"
    whole = HTTPExporter(parse_endpoint(web_collector.url + "/otlp/v1/traces"), {})
    whole.send_metrics(metrics, 10)
    whole.close()
    assert web_collector.headers[1][":path"] == "/otlp/v1/metrics"


def test_path_of_the_endpoint(web_collector: Collector) -> None:
    exporter = HTTPExporter(parse_endpoint(web_collector.url + "/otlp/"), {})
    exporter.send(REQUEST, 60)
    exporter.close()
    assert web_collector.headers[0][":path"] == "/otlp/v1/traces"


def test_compression(web_collector: Collector) -> None:
    exporter = HTTPExporter(parse_endpoint(web_collector.url), {}, compression="gzip")
    exporter.send(REQUEST, 60)
    exporter.close()
    assert web_collector.names == ["work"]
    assert web_collector.headers[0]["content-encoding"] == "gzip"


def test_partial_success(web_collector: Collector, exporter: HTTPExporter) -> None:
    partial = ExportTracePartialSuccess(rejected_spans=2, error_message="too old")
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    web_collector.answers.append(Reply(200, body=body))
    assert exporter.send(REQUEST, 60) == Receipt(2, "too old")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_tried_again(
    web_collector: Collector, exporter: HTTPExporter, status: int
) -> None:
    body = Status(message="busy").SerializeToString()
    web_collector.answers += [Reply(status, {"retry-after": "7"}, body), Reply(status)]
    with pytest.raises(Retryable, match=f"^HTTP {status} busy$") as failure:
        exporter.send(REQUEST, 60)
    assert failure.value.retry_after_s == 7.0
    with pytest.raises(Retryable) as failure:
        exporter.send(REQUEST, 60)
    assert failure.value.retry_after_s is None


@pytest.mark.parametrize("status", [301, 400, 401, 404, 413, 500, 501])
def test_what_may_not(web_collector: Collector, exporter: HTTPExporter, status: int) -> None:
    web_collector.answers.append(Reply(status, {"location": "/elsewhere"}))
    with pytest.raises(Rejected, match=f"^HTTP {status}$"):
        exporter.send(REQUEST, 60)


def test_long_answer_closes_the_connection(
    web_collector: Collector, exporter: HTTPExporter
) -> None:
    web_collector.answers.append(Reply(400, body=b"x" * 1_000_000))
    with pytest.raises(Rejected):
        exporter.send(REQUEST, 60)
    assert exporter.send(REQUEST, 60) == Receipt()
    assert len(web_collector.connections) == 2


def test_connection_closed_while_idle(web_collector: Collector, exporter: HTTPExporter) -> None:
    web_collector.answers += [None, resets]
    exporter.send(REQUEST, 60)
    assert exporter.send(REQUEST, 60) == Receipt()
    assert web_collector.attempts == 3
    assert len(web_collector.requests) == 2


def test_connection_reset(web_collector: Collector, exporter: HTTPExporter) -> None:
    web_collector.answers.append(resets)
    with pytest.raises(Retryable, match="RemoteDisconnected"):
        exporter.send(REQUEST, 60)
    assert exporter.send(REQUEST, 60) == Receipt()


def test_never_answers(web_collector: Collector, exporter: HTTPExporter) -> None:
    released = threading.Event()
    web_collector.answers.append(lambda _: released.wait(30))
    with pytest.raises(Retryable, match="timed out"):
        exporter.send(REQUEST, 0.2)
    released.set()


def test_interrupt_from_another_thread(web_collector: Collector, exporter: HTTPExporter) -> None:
    released = threading.Event()

    def wait(handler: Handler) -> None:
        released.wait(30)
        resets(handler)

    web_collector.answers.append(wait)
    failures: list[str] = []

    def send() -> None:
        with pytest.raises(Retryable) as failure:
            exporter.send(REQUEST, 30)
        failures.append(str(failure.value))

    thread = threading.Thread(target=send)
    thread.start()
    web_collector.wait_for(lambda: web_collector.attempts == 1)
    exporter.interrupt()
    thread.join()
    released.set()
    assert len(failures) == 1
    assert exporter.send(REQUEST, 60) == Receipt()


def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        exporter = HTTPExporter(parse_endpoint(f"127.0.0.1:{port}"), {})
        with pytest.raises(Retryable, match="ConnectionRefusedError"):
            exporter.send(REQUEST, 60)
        exporter.interrupt()
        exporter.close()
        exporter.close()


def test_not_http(web_collector: Collector, exporter: HTTPExporter) -> None:
    def answer(handler: Handler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        resets(handler)

    web_collector.answers.append(answer)
    with pytest.raises(Retryable, match="BadStatusLine"):
        exporter.send(REQUEST, 60)


def test_tls(tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http_collector(context) as collector:
        endpoint = parse_endpoint(f"https://localhost:{collector.port}")
        trusting = HTTPExporter(endpoint, {}, certificate=str(certificate))
        assert trusting.send(REQUEST, 60) == Receipt()
        trusting.close()
        wary = HTTPExporter(endpoint, {})
        with pytest.raises(Retryable, match="CERTIFICATE_VERIFY_FAILED"):
            wary.send(REQUEST, 60)
        wary.close()
        assert collector.names == ["work"]


def test_retry_after() -> None:
    now = time.time()
    assert parse_retry_after("120", now) == 120.0
    assert parse_retry_after(formatdate(now + 30, usegmt=True), float(int(now))) == 30.0
    assert parse_retry_after(formatdate(now - 30, usegmt=True), now) == 0.0
    assert parse_retry_after("", now) is None
    assert parse_retry_after("soon", now) is None
