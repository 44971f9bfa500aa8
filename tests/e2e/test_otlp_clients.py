"""Clients of OpenTelemetry, and hostile ones, against a whole server."""

from __future__ import annotations

import base64
import gzip
import json
import math
import secrets
import urllib.request
import zlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.internal.encoder import _VarintBytes
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from tests.server.serving import ServeProcess, call, otlp

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROTOBUF, JSON = "application/x-protobuf", "application/json"
MIB = 1 << 20

Addresses = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Yield what server.json says: http, grpc, pid."""
    process = ServeProcess(tmp_path_factory.mktemp("otlp-clients") / "data")
    yield process.wait_ready()
    process.end()


def post(url: str, body: bytes, content_type: str = PROTOBUF, encoding: str = "identity"):
    """Return the status and the body of the answer."""
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


# Clients of OpenTelemetry


class JsonExporter(SpanExporter):
    """Sends what the protobuf exporters send, written as OTLP/JSON: Python has no exporter for it.

    OTLP/JSON is the JSON of Protocol Buffers, but with ids in hex and enums as numbers.
    """

    def __init__(self, http: str) -> None:
        self.url = f"{http}/v1/traces"

    def export(self, spans) -> SpanExportResult:
        message = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
        status, _ = post(self.url, json.dumps(hex_ids(message)).encode(), JSON)
        return SpanExportResult.SUCCESS if status == 200 else SpanExportResult.FAILURE


def hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [hex_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        key: base64.b64decode(one).hex() if key in ids else hex_ids(one)
        for key, one in value.items()
    }


EXPORTERS = {
    "grpc": lambda to: GrpcExporter(to["grpc"], insecure=True),
    "grpc gzip": lambda to: GrpcExporter(
        to["grpc"], insecure=True, compression=grpc.Compression.Gzip
    ),
    "http": lambda to: HttpExporter(f"{to['http']}/v1/traces"),
    "http gzip": lambda to: HttpExporter(f"{to['http']}/v1/traces", compression=Compression.Gzip),
    "http deflate": lambda to: HttpExporter(
        f"{to['http']}/v1/traces", compression=Compression.Deflate
    ),
    "json": lambda to: JsonExporter(to["http"]),
}
STATE = TraceState([("vendor", "a1"), ("other", "b2")])
EVENT_TIME = 1_795_000_000_000_000_001
ATTRIBUTES = {
    "text": "naïve \N{GRINNING FACE}",
    "empty": "",
    "int": 2**63 - 1,
    "negative": -5,
    "double": 6.44e-05,
    "infinity": math.inf,
    "true": True,
    "false": False,
    "bytes": b"\x00\xff",
    "none": None,
    "texts": ["a", "b"],
    "numbers": [1, 2**53 + 1, 0.5, 1.0],
    "mixed": [True, None, b"q", {"k": [1]}],
    "no elements": [],
    "pairs": {"k": {"deep": [1, "a"]}},
}
RESOURCE = {
    "service.name": "chat-api",
    "deployment.environment.name": "test",
    "process.pid": 42,
    "process.command_args": ["python", "app.py"],
}


class Remembering(SpanExporter):
    """Exports, and keeps what was exported and with what result."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.exporter = exporter
        self.spans: list[ReadableSpan] = []
        self.results: list[SpanExportResult] = []

    def export(self, spans) -> SpanExportResult:
        self.spans.extend(spans)
        self.results.append(self.exporter.export(spans))
        return self.results[-1]


def record(exporter: Remembering) -> None:
    """Record a trace that uses whatever a span can have."""
    provider = TracerProvider(resource=Resource(RESOURCE), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests", "7.1")
    remote = SpanContext(secrets.randbits(128), 0x1234, True, TraceFlags(1), STATE)
    with tracer.start_as_current_span(
        "POST /v1/chat",
        set_span_in_context(NonRecordingSpan(remote)),
        kind=SpanKind.SERVER,
        attributes=ATTRIBUTES,
    ) as root:
        root.add_event("first_token", ATTRIBUTES, timestamp=EVENT_TIME)
        link = Link(SpanContext(0xFEDCBA, 0x4321, is_remote=True), ATTRIBUTES)
        with tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, links=[link]) as child:
            child.set_status(Status(StatusCode.ERROR, "out of memory"))
        root.set_status(StatusCode.OK)
    provider.shutdown()


def detail(span: ReadableSpan) -> dict[str, Any]:
    """Return what the API must say about a span."""
    return {
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
        "parent_span_id": f"{span.parent.span_id:016x}",
        "name": span.name,
        "kind": span.kind.name.lower(),
        "service_name": "chat-api",
        "scope": {"name": "tests", "version": "7.1"},
        "start_time": rfc3339(span.start_time),
        "end_time": rfc3339(span.end_time),
        "duration_ms": (span.end_time - span.start_time) / 1e6,
        "status": span.status.status_code.name.lower(),
        "status_message": span.status.description or "",
        "trace_state": "vendor=a1,other=b2",
        "attributes": as_json(span.attributes),
        "resource": as_json(RESOURCE),
        "events": [
            {
                "name": event.name,
                "time": rfc3339(event.timestamp),
                "attributes": as_json(event.attributes),
            }
            for event in span.events
        ],
        "links": [
            {
                "trace_id": f"{link.context.trace_id:032x}",
                "span_id": f"{link.context.span_id:016x}",
                "trace_state": "",
                "attributes": as_json(link.attributes),
            }
            for link in span.links
        ],
    }


def rfc3339(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, 10**9)
    time = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, float) and math.isinf(value):
        return "Infinity"
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    if hasattr(value, "items"):
        return {key: as_json(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize("name", EXPORTERS)
def test_everything_a_client_records_is_read_back(name: str, server: Addresses) -> None:
    exporter = Remembering(EXPORTERS[name](server))
    record(exporter)
    assert exporter.results == [SpanExportResult.SUCCESS] * 2

    trace_id = f"{exporter.spans[0].context.trace_id:032x}"
    _, answer = call(f"{server['http']}/api/v1/traces/{trace_id}/spans")

    spans = sorted(exporter.spans, key=lambda span: span.start_time)
    assert json.loads(answer)["items"] == [detail(span) for span in spans]


# Hostile clients

BOUND_MIB = 1200
"""The server takes some 400 MiB when idle, up to 64 MiB of a body at a time, and up to 256 MiB of
rows before it refuses the body that makes them; what was freed stays with it for a while."""


@pytest.fixture
def unharmed(server: Addresses) -> Iterator[None]:
    """Check that the server works as before and took a bounded amount of memory."""
    yield
    assert call(f"{server['http']}/readyz")[0] == 200
    assert post(f"{server['http']}/v1/traces", otlp(1))[0] == 200
    status = Path(f"/proc/{server['pid']}/status").read_text()
    peak_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    assert int(peak_kib) / 1024 < BOUND_MIB


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _VarintBytes(len(content)) + content


EMPTY_SPANS = field(1, field(2, field(2, b"") * (30 * MIB)))
EMPTY_JSON_SPANS = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * (5 * MIB) + b"{}]}]}]}"


def zeros_gzip(size_mib: int) -> bytes:
    """Return a gzip body that grows a thousandfold."""
    deflater = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    pieces = [deflater.compress(bytes(MIB)) for _ in range(size_mib)]
    return b"".join([*pieces, deflater.flush()])


def wide_resource() -> bytes:
    """Return ten thousand spans that share a resource of 1 MiB."""
    attribute = field(1, field(1, b"k") + field(2, field(1, b"x" * MIB)))
    ids = field(1, b"t" * 16) + field(2, b"s" * 8)
    return field(1, field(1, attribute) + field(2, field(2, ids) * 10_000))


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status", "message"),
    [
        (b"\xff" * 100, PROTOBUF, "identity", 400, "not an OTLP"),
        (otlp(1)[:-3], PROTOBUF, "identity", 400, "not an OTLP"),
        (gzip.compress(otlp(1))[:-9], PROTOBUF, "gzip", 400, "too early"),
        (b"not gzip", PROTOBUF, "gzip", 400, "damaged"),
        (bytes(200 * MIB), PROTOBUF, "identity", 413, "larger than"),
        (zeros_gzip(1024), PROTOBUF, "gzip", 413, "larger than"),
        (zeros_gzip(1024), JSON, "gzip", 413, "larger than"),
        (gzip.compress(EMPTY_SPANS, 1), PROTOBUF, "gzip", 400, "parsing the body takes"),
        (gzip.compress(EMPTY_JSON_SPANS, 1), JSON, "gzip", 400, "more than"),
        (wide_resource(), PROTOBUF, "identity", 400, "send fewer spans"),
        (otlp(1), "text/html", "identity", 415, "Content-Type must be"),
        (otlp(1), PROTOBUF, "zstd", 415, "zstd"),
        (b'{"resourceSpans": [{]}', JSON, "identity", 400, "JSON is malformed"),
        (b'{"resourceSpans": [{"scopeSpans": 1}]}', JSON, "identity", 400, "[0].scopeSpans"),
    ],
    ids=[
        "garbage", "cut", "cut-gzip", "not-gzip", "200-mb", "bomb", "json-bomb", "empty-spans",
        "empty-json-spans", "wide-resource", "wrong-type", "wrong-encoding", "bad-json",
        "json-of-another-shape",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unharmed")
def test_http_refuses(body, content_type, encoding, status, message, server) -> None:
    got, answer = post(f"{server['http']}/v1/traces", body, content_type, encoding)

    assert got == status
    assert message in answer.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("body", "compression", "code", "message"),
    [
        (b"\xff" * 100, grpc.Compression.NoCompression, "INVALID_ARGUMENT", "not an OTLP"),
        (bytes(65 * MIB), grpc.Compression.NoCompression, "RESOURCE_EXHAUSTED", "larger than max"),
        (bytes(500 * MIB), grpc.Compression.Gzip, "RESOURCE_EXHAUSTED", "larger than max"),
        (EMPTY_SPANS, grpc.Compression.Gzip, "INVALID_ARGUMENT", "parsing the body takes"),
    ],
    ids=["garbage", "65-mib", "bomb", "empty-spans"],
)
@pytest.mark.usefixtures("unharmed")
def test_grpc_refuses(body, compression, code, message, server) -> None:
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server["grpc"], options) as channel:
        export = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.RpcError) as refusal:
            export(body, timeout=120, compression=compression)

    assert refusal.value.code() is grpc.StatusCode[code]
    assert message in refusal.value.details()
