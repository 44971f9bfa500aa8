"""POST /v1/traces and /v1/metrics over a real connection: both forms, refusals, limits."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import socket
import threading

import pytest
import uvicorn
from axonize_server.ingest.http import MAX_BODY_BYTES, MAX_JSON_BYTES, build_router
from axonize_server.ingest.signals import METRICS, TRACES
from axonize_server.model import (
    Accepted,
    MalformedRequest,
    Overloaded,
    StoreUnavailable,
    Unauthenticated,
)
from google.protobuf.json_format import MessageToJson
from google.rpc.status_pb2 import Status
from litestar import Litestar
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tests.server.gpus import gauge, metrics
from tests.server.ingest.otlp import body, request, span
from tests.server.ingest.test_json import otlp_json

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class Server:
    """A receiver on a real port, and what reached it."""

    def __init__(self, body_timeout_s: float = 60) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        self.answer: Accepted | Exception = Accepted(1)
        submits = {TRACES: self.submit, METRICS: self.submit}
        router = build_router(submits, self.authenticate, body_timeout_s=body_timeout_s)
        config = uvicorn.Config(Litestar([router]), log_level="warning", lifespan="off")
        self.server = uvicorn.Server(config)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        asyncio.run(self.server.serve([self.listener]))

    async def submit(self, tenant: str, body: bytes) -> Accepted:
        self.bodies.append((tenant, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def authenticate(self, authorization: str | None, scope: str) -> str:
        assert scope == "ingest"
        if authorization == "Bearer wrong":
            raise Unauthenticated("no such key")
        return authorization or "default"

    def post(self, body, content_type=PROTOBUF, path="/v1/traces", **headers: str):
        """Return status, headers and body of the answer."""
        headers = {"Content-Type": content_type, **headers}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        with contextlib.closing(connection):
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(running):
    running.bodies.clear()
    running.answer = Accepted(1)
    return running


MESSAGE = request(span(1, {"k": 1}))
SENT = MESSAGE.SerializeToString()


@pytest.mark.parametrize(
    ("content", "content_type", "encoding"),
    [
        (SENT, PROTOBUF, "identity"),
        (gzip.compress(SENT), PROTOBUF, "gzip"),
        (otlp_json(MESSAGE), JSON, "identity"),
        (otlp_json(MESSAGE), f"{JSON}; charset=UTF-8", "identity"),
        (gzip.compress(otlp_json(MESSAGE)), "Application/JSON", "gzip"),
    ],
)
def test_a_request_reaches_the_batcher_as_protobuf(server, content, content_type, encoding):
    status, headers, answer = server.post(content, content_type, Content_Encoding=encoding)

    assert server.bodies == [("default", SENT)]
    assert status == 200
    if "json" in content_type.lower():
        assert (headers["content-type"], json.loads(answer)) == (JSON, {})
    else:
        assert (headers["content-type"], answer) == (PROTOBUF, b"")


def test_a_partial_success_in_both_forms(server):
    server.answer = Accepted(1, 2, "why")

    protobuf = ExportTraceServiceResponse.FromString(server.post(SENT)[2])
    as_json = json.loads(server.post(b"{}", JSON)[2])

    assert protobuf.partial_success.rejected_spans == 2
    assert as_json == {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "why"}}


def test_metrics_have_a_path_and_an_answer_of_their_own(server):
    server.answer = Accepted(1, 2, "why")
    sent = metrics(gauge("hw.power", 300.0))

    protobuf = server.post(sent.SerializeToString(), path="/v1/metrics")
    as_json = server.post(MessageToJson(sent).encode(), JSON, "/v1/metrics")

    assert server.bodies == [("default", sent.SerializeToString())] * 2
    partial_success = ExportMetricsServiceResponse.FromString(protobuf[2]).partial_success
    assert (partial_success.rejected_data_points, partial_success.error_message) == (2, "why")
    expected = {"partialSuccess": {"rejectedDataPoints": "2", "errorMessage": "why"}}
    assert json.loads(as_json[2]) == expected


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (MalformedRequest("why"), 400, 3, None),
        (Overloaded("why", 1.2), 429, 8, "2"),
        (StoreUnavailable("why", 5.0), 503, 14, "5"),
    ],
)
def test_refusals_in_both_forms(server, error, status, code, retry_after):
    server.answer = error

    protobuf, as_json = server.post(SENT), server.post(b"{}", JSON)

    assert (protobuf[0], as_json[0]) == (status, status)
    assert protobuf[1]["retry-after"] == as_json[1]["retry-after"] == retry_after
    assert Status.FromString(protobuf[2]) == Status(code=code, message="why")
    assert json.loads(as_json[2]) == {"code": code, "message": "why"}


def test_the_tenant_comes_from_the_authorization(server):
    known, unknown = (
        server.post(SENT, Authorization=f"Bearer {key}") for key in ("right", "wrong")
    )

    assert (known[0], unknown[0]) == (200, 401)
    assert unknown[1]["www-authenticate"] == "Bearer"
    assert server.bodies == [("Bearer right", SENT)]


@pytest.mark.parametrize(
    ("content", "content_type", "headers", "status", "message"),
    [
        (SENT, "text/plain", {}, 415, "Content-Type must be"),
        (SENT, "", {}, 415, "Content-Type must be"),
        (b"{}", f"{JSON}; charset=latin-1", {}, 415, "must be UTF-8"),
        (SENT, PROTOBUF, {"Content_Encoding": "br"}, 415, "'br'"),
        (SENT, PROTOBUF, {"Content_Encoding": "gzip"}, 400, "damaged"),
        (gzip.compress(SENT)[:-4], PROTOBUF, {"Content_Encoding": "gzip"}, 400, "too early"),
        (b"{", JSON, {}, 400, "not OTLP/JSON"),
        (b" " * (MAX_JSON_BYTES + 1), JSON, {}, 413, "larger than"),
        (gzip.compress(bytes(MAX_BODY_BYTES + 1)), PROTOBUF, {"Content_Encoding": "gzip"}, 413, ""),
    ],
)
def test_bodies_that_are_refused(server, content, content_type, headers, status, message):
    got, _, answer = server.post(content, content_type, **headers)

    assert got == status
    assert message in answer.decode("utf-8", "replace")
    assert server.bodies == []


def test_a_body_of_200_mb_is_refused(server):
    status, _, _ = server.post(bytes(200 << 20))

    assert status == 413
    assert server.bodies == []


def test_a_body_of_200_mb_without_a_length_is_refused(server):
    status, _, _ = server.post(bytes(1 << 20) for _ in range(200))

    assert status == 413
    assert server.bodies == []


def begin(server: Server) -> socket.socket:
    """Announce 100 bytes and send three."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=240)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
    connection.sendall(f"{head}Content-Length: 100\r\n\r\nabc".encode())
    return connection


def test_a_body_that_does_not_come_is_given_up():
    impatient = Server(body_timeout_s=0.1)
    with contextlib.closing(impatient), begin(impatient) as connection:
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert impatient.bodies == []


def test_a_sender_that_leaves_harms_nobody(server):
    begin(server).close()

    assert server.post(body(span(1)))[0] == 200
