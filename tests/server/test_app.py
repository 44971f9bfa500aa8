from __future__ import annotations

import gzip

from axonize_server.app import Parts, create_app
from axonize_server.auth.gate import Gate
from axonize_server.auth.keys import StaticKeyring
from litestar import Controller, post
from litestar.testing import TestClient


class Receiver(Controller):
    """A receiver of spans."""

    @post("/v1/traces", include_in_schema=False)
    async def receive(self) -> str:
        """Take nothing."""
        return "taken"


def test_the_routes_of_every_room_are_there(
    reader, step_reader, gpu_reader, gpu_registry, minute_reader
):
    parts = Parts(
        reader=reader,
        step_reader=step_reader,
        gpu_reader=gpu_reader,
        minute_reader=minute_reader,
        gpu_registry=gpu_registry,
        authenticate=Gate(StaticKeyring("secret")).authenticate,
        receivers=[Receiver],
    )
    with TestClient(create_app(parts)) as client:
        assert client.post("/v1/traces").text == "taken"
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/traces").status_code == 401
        assert client.get("/schema").status_code == 200
        assert client.get("/traces").headers["content-type"].startswith("text/html")
        assert client.get("/v1/traces").status_code == 405


def test_long_answers_are_compressed(reader, step_reader, gpu_reader, gpu_registry, minute_reader):
    parts = Parts(
        reader=reader,
        step_reader=step_reader,
        gpu_reader=gpu_reader,
        minute_reader=minute_reader,
        gpu_registry=gpu_registry,
        authenticate=Gate(StaticKeyring("")).authenticate,
    )
    with (
        TestClient(create_app(parts)) as client,
        client.stream("GET", "/schema", headers={"accept-encoding": "gzip"}) as answer,
    ):
        compressed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert b'"openapi"' in gzip.decompress(compressed)
