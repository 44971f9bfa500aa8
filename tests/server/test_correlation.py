from __future__ import annotations

import logging

import grpc
import grpc.aio
import pytest
from axonize_server.correlation import correlate, correlated
from axonize_server.ingest.grpc import build_server
from axonize_server.ingest.signals import TRACES
from axonize_server.model import Accepted
from litestar import get
from litestar.testing import create_test_client
from structlog.contextvars import get_contextvars

PARENT = f"00-{'ab' * 16}-{'cd' * 8}-01"
CALLER = {"trace_id": "ab" * 16, "span_id": "cd" * 8}


def test_a_traceparent_is_bound_for_as_long_as_the_block_lasts():
    with correlated({"Traceparent": PARENT}):
        assert get_contextvars() == CALLER
    assert get_contextvars() == {}
    with correlated({"traceparent": "nonsense"}):
        assert get_contextvars() == {}


@pytest.mark.parametrize("sync_to_thread", [False, True])
def test_http_requests_are_correlated_in_the_loop_and_in_threads(sync_to_thread):
    seen = []

    @get("/", sync_to_thread=sync_to_thread)
    def read() -> None:
        seen.append(dict(get_contextvars()))

    with create_test_client([read], middleware=[correlate]) as client:
        client.get("/", headers={"traceparent": PARENT})
        client.get("/")
    assert seen == [CALLER, {}]


def test_grpc_requests_are_correlated(caplog):
    import asyncio

    seen = []

    async def submit(tenant: str, body: bytes) -> Accepted:
        seen.append(dict(get_contextvars()))
        return Accepted(0)

    async def authenticate(authorization: str | None, scope: str) -> str:
        return "default"

    async def call() -> None:
        server, port = build_server({TRACES: submit}, authenticate, "127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            export = channel.unary_unary(f"/{TRACES.service}/Export")
            await export(b"", metadata=[("traceparent", PARENT), ("x-bin", b"\xff")])
            await export(b"")
        await server.stop(None)

    with caplog.at_level(logging.ERROR):
        asyncio.run(call())
    assert seen == [CALLER, {}]
