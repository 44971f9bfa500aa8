"""TraceService over a real connection: answers, refusals, limits."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest
from axonize_server.ingest.batcher import Batcher
from axonize_server.ingest.gpu import decode as gpu_metrics
from axonize_server.ingest.grpc import MAX_MESSAGE_BYTES, build_server
from axonize_server.ingest.signals import METRICS, TRACES
from axonize_server.model import (
    Forbidden,
    MalformedRequest,
    Overloaded,
    QuotaExceeded,
    StoreRefused,
    StoreUnavailable,
    Unauthenticated,
)
from axonize_server.store.clickhouse.writer import GpuMetricWriter
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.server.gpus import gauge, metrics
from tests.server.ingest.otlp import body, request, span

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def anyone(tenant="t"):
    """Let everyone in."""

    async def authenticate(authorization, scope):
        return tenant

    return authenticate


def with_server(submit, work, authenticate=None, signal=TRACES):
    """Run work(channel) against a server."""

    async def main():
        server, port = build_server({signal: submit}, authenticate or anyone(), "127.0.0.1:0")
        await server.start()
        options = [("grpc.max_send_message_length", -1)]
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
                return await work(channel)
        finally:
            await server.stop(0)

    return asyncio.run(main())


def refused(error):
    async def submit(tenant, body):
        raise error

    return submit


async def never(tenant, body):
    raise AssertionError("must not be called")


async def call(channel, message, **options):
    """Return the code, the message and the google.rpc.Status of a refusal."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await channel.unary_unary(EXPORT)(message, **options)
    error = refusal.value
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
    return error.code(), error.details(), Status.FromString(details)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_spans_are_stored(compression, writer, clickhouse, tenant):
    async def work(channel):
        batcher.append(Batcher(writer.insert))
        stub = TraceServiceStub(channel)
        answer = await stub.Export(
            request(span(1), span(2), span(3, span_id=b"")), compression=compression
        )
        await batcher[0].close()
        return answer

    batcher: list[Batcher] = []

    async def submit(tenant, body):
        return await batcher[0].submit(tenant, body)

    answer = with_server(submit, work, anyone(tenant))

    query = "SELECT count() FROM spans WHERE tenant_id = {tenant:String}"
    with clickhouse.client() as client:
        assert client.query(query, parameters={"tenant": tenant}).result_rows == [(2,)]
    assert answer.partial_success.rejected_spans == 1
    assert "span id" in answer.partial_success.error_message


def test_what_a_sender_waits_for_no_longer_is_not_decoded(writer, clickhouse, tenant):
    async def until(count, of):
        while len(of) < count:
            await asyncio.sleep(0.01)

    async def work(channel):
        batcher.append(Batcher(writer.insert, linger_s=(3600, 3600)))
        late = TraceServiceStub(channel).Export(request(span(1, name="late")))
        await until(1, asked)
        late.cancel()
        await until(1, left)
        patient = TraceServiceStub(channel).Export(request(span(2, name="patient")))
        await until(2, asked)
        await batcher[0].close()
        await patient

    batcher: list[Batcher] = []
    asked: list[bytes] = []
    left: list[bytes] = []

    async def submit(tenant, body):
        asked.append(body)
        try:
            return await batcher[0].submit(tenant, body)
        except asyncio.CancelledError:
            left.append(body)
            raise

    with_server(submit, work, anyone(tenant))

    query = "SELECT name FROM spans WHERE tenant_id = {tenant:String}"
    with clickhouse.client() as client:
        assert client.query(query, parameters={"tenant": tenant}).result_rows == [("patient",)]
    assert batcher[0].counters.queue_bytes == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MalformedRequest("why"), grpc.StatusCode.INVALID_ARGUMENT),
        (Overloaded("why", 1.5), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (StoreUnavailable("why", 3.0), grpc.StatusCode.UNAVAILABLE),
        (StoreRefused("why"), grpc.StatusCode.INTERNAL),
        (Unauthenticated("why"), grpc.StatusCode.UNAUTHENTICATED),
        (Forbidden("why"), grpc.StatusCode.PERMISSION_DENIED),
        (QuotaExceeded("why"), grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_refusals(error, code):
    got, message, status = with_server(refused(error), lambda channel: call(channel, b""))

    assert (got, message) == (code, "why")
    assert (status.code, status.message) == (code.value[0], "why")
    delays = []
    for detail in status.details:
        info = RetryInfo()
        detail.Unpack(info)
        delays.append(info.retry_delay.ToMilliseconds() / 1000)
    assert delays == ([error.retry_after_s] if hasattr(error, "retry_after_s") else [])


def test_the_tenant_comes_from_the_authorization():
    seen = []

    async def authenticate(authorization, scope):
        seen.append((authorization, scope))
        if authorization != "Bearer key":
            raise Unauthenticated("no key")
        return "tenant-of-key"

    async def submit(tenant, body):
        seen.append(tenant)
        raise MalformedRequest("far enough")

    async def work(channel):
        anonymous = await call(channel, b"")
        known = await call(channel, b"", metadata=(("authorization", "Bearer key"),))
        return anonymous[0], known[0]

    codes = with_server(submit, work, authenticate)

    assert codes == (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT)
    assert seen == [(None, "ingest"), ("Bearer key", "ingest"), "tenant-of-key"]


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_beyond_the_limit(compression):
    large = bytes(MAX_MESSAGE_BYTES + 1)

    code, message, _ = with_server(
        never, lambda channel: call(channel, large, compression=compression)
    )

    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in message


def test_metrics_are_stored(clickhouse, tenant):
    batcher: Batcher

    async def submit(tenant, body):
        return await batcher.submit(tenant, body)

    async def work(channel):
        nonlocal batcher
        batcher = Batcher(GpuMetricWriter(clickhouse).insert, decoder=gpu_metrics.Decoder)
        answer = await MetricsServiceStub(channel).Export(
            metrics(gauge("hw.power", 300.0), gauge("hw.fan.speed", 5.0))
        )
        await batcher.close()
        return answer, batcher.counters

    answer, counters = with_server(submit, work, anyone(tenant), METRICS)

    assert stored_powers(clickhouse, tenant) == [300.0]
    assert answer.partial_success.rejected_data_points == 1
    assert answer.partial_success.error_message.endswith(": hw.fan.speed")
    assert counters.rejected_by_reason == {"unknown_metric": 1}


def stored_powers(clickhouse, tenant) -> list[float]:
    query = "SELECT power_w FROM gpu_metrics WHERE tenant_id = {tenant:String}"
    with clickhouse.client() as client:
        return [row[0] for row in client.query(query, parameters={"tenant": tenant}).result_rows]


def test_a_port_has_one_server():
    async def main():
        first, port = build_server({TRACES: never}, anyone(), "127.0.0.1:0")
        await first.start()
        try:
            with pytest.raises(RuntimeError):
                build_server({TRACES: never}, anyone(), f"127.0.0.1:{port}")
        finally:
            await first.stop(0)

    asyncio.run(main())


def test_large_requests_pass():
    sizes = []

    async def submit(tenant, body):
        sizes.append(len(body))
        raise MalformedRequest("far enough")

    large = body(span(1, {"text": "x" * (8 << 20)}))
    with_server(submit, lambda channel: call(channel, large))

    assert sizes == [len(large)]
