"""The whole server on a ClickHouse that is another process, which dies and comes back."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.server.ingest.otlp import body, span
from tests.server.rows import trace_id
from tests.server.serving import ClickHouseProcess, ServeProcess, call, otlp
from tests.server.steps import Rider, step

BACK_WITHIN_S = 240


@pytest.fixture
def clickhouse_process(tmp_path: Path) -> Iterator[ClickHouseProcess]:
    process = ClickHouseProcess(tmp_path / "clickhouse")
    process.start()
    yield process
    process.kill()


@pytest.fixture
def server(clickhouse_process: ClickHouseProcess, tmp_path: Path) -> Iterator[ServeProcess]:
    server = ServeProcess(
        tmp_path / "data",
        AXONIZE_CLICKHOUSE_DSN=clickhouse_process.dsn,
        AXONIZE_QUERY_TIMEOUT_S="10",
        AXONIZE_QUERY_MAX_ROWS="20000",
    )
    yield server
    code, _, errors = server.end()
    assert code == 0, errors


def get(http: str, path: str, **parameters: str) -> Any:
    status, answer = call(f"{http}/api/v1/{path}?{urlencode(parameters)}")
    assert status == 200, answer
    return json.loads(answer)


def post(http: str, request: bytes) -> tuple[int, str | None]:
    """Return the status and Retry-After of an export."""
    headers = {"Content-Type": "application/x-protobuf"}
    try:
        with urlopen(Request(f"{http}/v1/traces", request, headers), timeout=240) as answer:
            return answer.status, answer.headers["Retry-After"]
    except HTTPError as error:
        return error.code, error.headers["Retry-After"]


def refusal(endpoint: str, request: bytes) -> tuple[grpc.StatusCode, float]:
    """Return the code and the seconds to wait of a refused export over gRPC."""
    with grpc.insecure_channel(endpoint) as channel, pytest.raises(grpc.RpcError) as refused:
        TraceServiceStub(channel).Export(ExportTraceServiceRequest.FromString(request), timeout=240)
    details = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    info = RetryInfo()
    assert Status.FromString(details).details[0].Unpack(info)
    return refused.value.code(), info.retry_delay.ToSeconds()


def until_stored(http: str, request: bytes) -> None:
    deadline = time.monotonic() + BACK_WITHIN_S
    while (status := post(http, request)[0]) != 200:
        assert time.monotonic() < deadline, f"still {status}"
        time.sleep(0.2)


def databases(http: str) -> tuple[int, dict[str, str]]:
    status, answer = call(f"{http}/readyz")
    return status, json.loads(answer)["databases"]


def test_everything_that_is_stored_can_be_read(server: ServeProcess) -> None:
    http = server.wait_ready()["http"]
    assert databases(http) == (200, {"clickhouse": "ok", "postgres": "ok"})
    assert post(http, otlp(1, spans=300, service="it's ünï"))[0] == 200
    assert post(http, body(step(1, [Rider("a"), Rider("b")])))[0] == 200

    listed = get(http, "traces", service="it's ünï", model="", sort="-duration", limit="1")
    assert [trace["trace_id"] for trace in listed["items"]] == [trace_id(1)]
    assert get(http, "traces", service="its")["items"] == []
    trace = get(http, f"traces/{trace_id(1)}")
    assert (trace["span_count"], len(trace["spans"])) == (300, 300)
    spans = get(http, f"traces/{trace_id(1)}/spans", limit="200")
    rest = get(http, f"traces/{trace_id(1)}/spans", limit="200", cursor=spans["next_cursor"])
    assert len(spans["items"]) + len(rest["items"]) == 300
    assert [each["number"] for each in get(http, "steps")["items"]] == [1]


def test_a_killed_clickhouse_is_refusals_and_then_it_is_back(
    server: ServeProcess, clickhouse_process: ClickHouseProcess
) -> None:
    state = server.wait_ready()
    http = state["http"]
    first = otlp(1, spans=3)
    until_stored(http, first)
    clickhouse_process.kill()

    status, retry_after = post(http, otlp(2))
    assert (status, retry_after) == (503, "5")
    assert refusal(state["grpc"], otlp(2)) == (grpc.StatusCode.UNAVAILABLE, 5)
    assert databases(http) == (503, {"clickhouse": "down", "postgres": "ok"})
    assert call(f"{http}/api/v1/traces")[0] == 503
    assert call(f"{http}/healthz")[0] == 200

    clickhouse_process.start()
    until_stored(http, otlp(2, spans=2))
    until_stored(http, first)  # its answer might have been lost: the sender sends it again
    assert databases(http)[0] == 200
    counts = {each["trace_id"]: each["span_count"] for each in get(http, "traces")["items"]}
    assert counts == {trace_id(1): 3, trace_id(2): 2}


def test_a_clickhouse_that_says_nothing_holds_nobody_for_long(
    server: ServeProcess, clickhouse_process: ClickHouseProcess
) -> None:
    http = server.wait_ready()["http"]
    until_stored(http, otlp(1))
    clickhouse_process.signal(signal.SIGSTOP)
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(call, f"{http}/api/v1/traces")
        probed = threads.submit(databases, http)
        assert probed.result(120) == (503, {"clickhouse": "down", "postgres": "ok"})
        assert asked.result(120)[0] == 503
    clickhouse_process.signal(signal.SIGCONT)
    until_stored(http, otlp(2))
    assert len(get(http, "traces")["items"]) == 2


def test_the_limits_of_a_query_hold(server: ServeProcess) -> None:
    http = server.wait_ready()["http"]
    for number in range(1, 6):
        until_stored(http, otlp(number, spans=5000))
    status, answer = call(f"{http}/api/v1/traces")
    assert status == 400
    assert "reads too much" in json.loads(answer)["detail"]
    assert call(f"{http}/readyz")[0] == 200


def test_a_full_queue_says_when_to_try_again(
    server: ServeProcess, clickhouse_process: ClickHouseProcess
) -> None:
    state = server.wait_ready()
    http = state["http"]
    until_stored(http, otlp(1))
    clickhouse_process.signal(signal.SIGSTOP)
    large = body(span(1, {"text": "x" * (50 << 20)}))
    with ThreadPoolExecutor() as threads:
        waiting = [threads.submit(post, http, large) for _ in range(2)]
        deadline = time.monotonic() + BACK_WITHIN_S
        while queued_bytes(http) < 2 * len(large):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert post(http, large) == (429, "1")
        assert refusal(state["grpc"], large) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 1)
        clickhouse_process.signal(signal.SIGCONT)
        assert [each.result(BACK_WITHIN_S)[0] for each in waiting] == [200, 200]


def queued_bytes(http: str) -> float:
    """Return what waits to be stored, as the server's metrics say."""
    lines = call(f"{http}/metrics")[1].decode().splitlines()
    found = [line for line in lines if line.startswith("axonize_queue_bytes")]
    return float(found[0].split()[-1])


def test_one_server_takes_spans_and_another_one_answers(
    clickhouse_process: ClickHouseProcess, tmp_path: Path
) -> None:
    servers = []
    states = []
    try:
        for role in ("ingest", "query"):
            dsn = clickhouse_process.dsn
            folder = tmp_path / role
            servers.append(ServeProcess(folder, f"--{role}-only", AXONIZE_CLICKHOUSE_DSN=dsn))
            states.append(servers[-1].wait_ready())
        ingest, query = states
        until_stored(ingest["http"], otlp(1))
        assert post(query["http"], otlp(2))[0] in (404, 405)
        with grpc.insecure_channel(query["grpc"]) as channel, pytest.raises(grpc.RpcError) as no:
            TraceServiceStub(channel).Export(ExportTraceServiceRequest(), timeout=240)
        assert no.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert call(f"{ingest['http']}/api/v1/traces")[0] == 404
        listed = get(query["http"], "traces")["items"]
        assert [trace["trace_id"] for trace in listed] == [trace_id(1)]
    finally:
        for server in servers:
            server.end()
