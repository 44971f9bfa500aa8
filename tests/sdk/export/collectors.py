"""Real collectors on loopback, over gRPC and HTTP, that may be told to misbehave."""

from __future__ import annotations

import gzip
import ssl
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

GRPCBehaviour = Callable[[grpc.ServicerContext], ExportTraceServiceResponse]


@dataclass
class Collector:
    """What arrived, and what the next answers are; without any it acknowledges."""

    port: int = 0
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: deque[Any] = field(default_factory=deque)
    attempts: int = 0
    arrived: threading.Condition = field(default_factory=threading.Condition)
    connections: set[object] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def names(self) -> list[str]:
        """The names of all spans that were acknowledged."""
        return [span.name for request in self.requests for span in spans_of(request)]

    def note(self, headers: dict[str, str]) -> Any:
        """Count an attempt; return the misbehaviour that is its turn, or None."""
        with self.arrived:
            self.attempts += 1
            self.headers.append(headers)
            self.arrived.notify_all()
            return self.answers.popleft() if self.answers else None

    def accept(self, request: ExportTraceServiceRequest) -> None:
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.arrived:
            assert self.arrived.wait_for(condition, 50)  # and intervals are 60 s


def spans_of(request: ExportTraceServiceRequest) -> list[Any]:
    return [
        span
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


# gRPC


class TraceService(TraceServiceServicer):  # type: ignore[misc]
    def __init__(self, collector: Collector) -> None:
        self.collector = collector

    def Export(
        self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> ExportTraceServiceResponse:
        self.collector.connections.add(context.peer())
        misbehave = self.collector.note(dict(context.invocation_metadata()))
        if misbehave is not None and (response := misbehave(context)) is not None:
            return response
        self.collector.accept(request)
        return ExportTraceServiceResponse()


class MetricsService(MetricsServiceServicer):  # type: ignore[misc]
    def __init__(self, collector: Collector) -> None:
        self.collector = collector

    def Export(
        self, request: ExportMetricsServiceRequest, context: grpc.ServicerContext
    ) -> ExportMetricsServiceResponse:
        self.collector.connections.add(context.peer())
        misbehave = self.collector.note(dict(context.invocation_metadata()))
        if misbehave is not None:
            misbehave(context)
        self.collector.metrics.append(request)
        return ExportMetricsServiceResponse()


@contextmanager
def grpc_collector(
    credentials: grpc.ServerCredentials | None = None, port: int = 0
) -> Iterator[Collector]:
    collector = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(8))
    add_TraceServiceServicer_to_server(TraceService(collector), server)
    add_MetricsServiceServicer_to_server(MetricsService(collector), server)
    address = f"127.0.0.1:{port}"
    collector.port = (
        server.add_secure_port(address, credentials)
        if credentials
        else server.add_insecure_port(address)
    )
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


def fails(code: grpc.StatusCode, retry_after_s: float | None = None) -> GRPCBehaviour:
    def answer(context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        if retry_after_s is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", retry_info(retry_after_s)),))
        context.abort(code, "told to fail")

    return answer


def retry_info(delay_s: float) -> bytes:
    info = RetryInfo(retry_delay=Duration(seconds=int(delay_s), nanos=int(delay_s % 1 * 1e9)))
    detail = AnyMessage()
    detail.Pack(info)
    return Status(code=8, message="busy", details=[detail]).SerializeToString()


def rejects(spans: int, message: str) -> GRPCBehaviour:
    return lambda _: ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=spans, error_message=message)
    )


def hangs(until: threading.Event) -> GRPCBehaviour:
    def answer(context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        until.wait(60)
        context.abort(grpc.StatusCode.INTERNAL, "too late")

    return answer


# HTTP


@dataclass
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    collector: Collector

    def do_POST(self) -> None:
        self.collector.connections.add(self.client_address)
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.collector.note({**headers, ":path": self.path})
        if callable(answer):
            answer(self)
            return
        if answer is None or 200 <= answer.status < 300:
            if headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path.endswith("/v1/metrics"):
                self.collector.metrics.append(ExportMetricsServiceRequest.FromString(body))
            else:
                self.collector.accept(ExportTraceServiceRequest.FromString(body))
        self.reply(answer or Reply(200))

    def reply(self, answer: Reply) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients of these tests leave early."""


@contextmanager
def http_collector(tls: ssl.SSLContext | None = None) -> Iterator[Collector]:
    collector = Collector()
    handler = type("BoundHandler", (Handler,), {"collector": collector})
    server = Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def resets(handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True
    handler.connection.close()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate for localhost that signs itself."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2"
    names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*command.split(), *names.split(), *files], check=True, capture_output=True)
    return key, certificate
