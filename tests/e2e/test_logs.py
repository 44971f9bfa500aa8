"""Whatever is sent to a server, its log never repeats keys, prompts or passwords."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.server.serving import ClickHouseProcess, ServeProcess, otlp

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
CANARY = "c4nary"
KEY = f"key-{CANARY}"
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def with_prompt() -> bytes:
    """Return a request whose span has a prompt, also in an event and in its status."""
    request = ExportTraceServiceRequest.FromString(otlp(1))
    span = request.resource_spans[0].scope_spans[0].spans[0]
    prompt = f"tell me of {CANARY}"
    span.attributes.add(key="gen_ai.input.messages").value.string_value = prompt
    span.events.add(name="prompt").attributes.add(key="text").value.string_value = prompt
    span.status.message = prompt
    return request.SerializeToString()


def damaged() -> list[bytes]:
    body = with_prompt()
    return [body[:-7], body[7:], body.replace(b"tell", b"\xff\xfe\xfd\xfc"), CANARY.encode() * 9]


def send_everything(state: dict[str, str]) -> set[int]:
    """Send good and bad requests to every door; return the statuses of the answers."""
    statuses = set()
    with httpx.Client(base_url=state["http"], timeout=240) as client:
        for key in (KEY, f"Bearer {KEY}", f"Bearer axo_0123456789ab_{CANARY}"):
            client.headers = {"authorization": key, "cookie": f"axonize_session={CANARY}"}
            answers = [
                *(client.post("/v1/traces", content=each, headers=PROTOBUF)
                  for each in (with_prompt(), *damaged(), gzip.compress(with_prompt()))),
                client.post("/v1/traces", content=b"{" + CANARY.encode(), headers=JSON),
                client.post("/v1/traces", content=b"x" + CANARY.encode(),
                            headers={**PROTOBUF, "content-encoding": "gzip"}),
                client.post("/api/v1/session", json={"key": f"wrong-{CANARY}"}),
                client.post("/api/v1/session", json={"key": KEY}),
                client.post("/api/v1/admin/tenants", json={"tenant_id": CANARY, "name": CANARY}),
                client.get("/api/v1/traces", params={"q": CANARY, "cursor": CANARY}),
                client.get("/api/v1/traces", params={"text": CANARY, "attribute": f"a={CANARY}"}),
                client.get(f"/api/v1/traces/{CANARY}"),
            ]  # fmt: skip
            statuses |= {answer.status_code for answer in answers}
    with grpc.insecure_channel(state["grpc"]) as channel:
        export = channel.unary_unary(EXPORT)
        for body in (with_prompt(), *damaged()):
            for key in (KEY, f"Bearer {KEY}"):
                try:
                    export(body, metadata=[("authorization", key)], timeout=240)
                except grpc.RpcError as error:  # noqa: PERF203
                    statuses.add(error.code().value[0])
    return statuses


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_and_no_prompt_is_ever_logged(tmp_path: Path, form: str) -> None:
    clickhouse = ClickHouseProcess(tmp_path / "clickhouse")
    clickhouse.start()
    server = ServeProcess(
        tmp_path / "data",
        AXONIZE_CLICKHOUSE_DSN=clickhouse.dsn.replace("//", f"//default:{CANARY}@"),
        AXONIZE_API_KEY=KEY,
        AXONIZE_ADMIN_KEY=f"admin-{CANARY}",
        AXONIZE_LOG_FORMAT=form,
        AXONIZE_LOG_LEVEL="debug",
    )
    try:
        state = server.wait_ready()
        assert {200, 400, 401} <= send_everything(state)
        clickhouse.kill()
        assert 503 in send_everything(state)
    finally:
        clickhouse.kill()
        _, output, errors = server.end()
    assert CANARY not in output
    assert CANARY not in errors
    assert errors, "a database that is away is said"
    assert "ready: " in errors
    assert "refused: " in errors
    if form == "json":
        lines = [json.loads(line) for line in errors.splitlines()]
        assert {"event", "level", "logger", "timestamp"} <= set.intersection(*map(set, lines))
