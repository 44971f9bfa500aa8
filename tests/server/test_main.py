"""The whole server in a process of its own: start, stop, kill, start again."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from axonize_server.store.migrate import available

from tests.server.rows import trace_id
from tests.server.serving import ServeProcess, call, is_up, otlp

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def serve(tmp_path):
    """Start servers on one data folder; what still runs is killed at the end."""
    started = []

    def start(*arguments: str, **environment: str) -> ServeProcess:
        started.append(ServeProcess(tmp_path / "data", *arguments, **environment))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.end()


def span_count(http: str, trace: int) -> int:
    status, body = call(f"{http}/api/v1/traces/{trace_id(trace)}")
    return json.loads(body)["span_count"] if status == 200 else 0


def postgres_runs(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "postmaster.pid").exists()


def test_it_serves_stops_and_finds_its_data_again(serve):
    server = serve()
    state = server.wait_ready()
    http = state["http"]
    assert call(f"{http}/readyz")[0] == 200
    assert call(f"{http}/v1/traces", otlp(1, spans=3))[0] == 200
    with grpc.insecure_channel(state["grpc"]) as channel:
        channel.unary_unary(EXPORT)(otlp(2, spans=2), timeout=240)
    assert (span_count(http, 1), span_count(http, 2)) == (3, 2)
    listed = json.loads(call(f"{http}/api/v1/traces")[1])["items"]
    assert {item["trace_id"] for item in listed} == {trace_id(1), trace_id(2)}
    assert b"axonize_spans_accepted_total 5\n" in call(f"{http}/metrics")[1]

    code, output, errors = server.end(signal.SIGTERM)
    assert (code, errors) == (0, "")
    assert http in output
    assert state["grpc"] in output
    assert str(server.data_dir) in output
    assert "clickhouse/001_spans.sql" in output
    assert not is_up(http)
    assert not (server.data_dir / "server.json").exists()
    assert not postgres_runs(server.data_dir)

    again = serve()
    http = again.wait_ready()["http"]
    assert (span_count(http, 1), span_count(http, 2)) == (3, 2)
    code, output, errors = again.end(signal.SIGINT)
    assert (code, errors) == (0, "")
    assert "001_spans.sql" not in output


def test_after_a_kill_what_was_acknowledged_is_there(serve):
    killed = serve()
    http = killed.wait_ready()["http"]
    for trace in range(1, 6):
        assert call(f"{http}/v1/traces", otlp(trace, spans=10))[0] == 200
    (killed.data_dir / "tmp" / "left-over.raw").write_bytes(b"x")
    killed.end(signal.SIGKILL)
    assert (killed.data_dir / "server.json").exists()
    assert postgres_runs(killed.data_dir)

    server = serve()
    http = server.wait_ready()["http"]
    assert [span_count(http, trace) for trace in range(1, 6)] == [10] * 5
    assert call(f"{http}/readyz")[0] == 200
    assert list((server.data_dir / "tmp").iterdir()) == []
    assert server.end()[0] == 0
    assert not postgres_runs(server.data_dir)


def test_a_second_server_on_the_same_folder_is_refused(serve):
    first = serve()
    state = first.wait_ready()
    code, output, errors = serve().end(signal.SIGCONT)
    assert (code, output) == (2, "")
    assert errors == (
        f"axonize: {first.data_dir} is in use by the server with pid {first.process.pid} "
        f"({state['http']}); stop that server or choose another folder with --data-dir\n"
    )
    assert call(f"{state['http']}/readyz")[0] == 200
    assert json.loads((first.data_dir / "server.json").read_text()) == state


@pytest.mark.parametrize("option", ["http-port", "grpc-port"])
def test_a_port_in_use_is_named_with_its_setting(serve, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = serve(f"--{option}", str(port))
        code, output, errors = server.end(signal.SIGCONT)
    assert (code, output) == (2, "")
    assert errors.startswith(f"axonize: cannot listen on 127.0.0.1 port {port}: ")
    assert f"--{option} or AXONIZE_{option.upper().replace('-', '_')}" in errors
    assert errors.count("\n") == 1
    assert not postgres_runs(server.data_dir)


def test_others_are_not_served_without_a_key(serve):
    code, output, errors = serve("--host", "0.0.0.0").end(signal.SIGCONT)
    assert (code, output) == (2, "")
    assert "set AXONIZE_API_KEY" in errors
    assert errors.count("\n") == 1


def test_without_a_key_a_web_page_with_a_name_of_its_own_reads_nothing(serve):
    http = serve().wait_ready()["http"]
    status, body = call(f"{http}/api/v1/traces", Host="evil.example")
    assert (status, json.loads(body)["status"]) == (403, 403)
    assert call(f"{http}/v1/traces", otlp(1), Host="evil.example")[0] == 403
    assert call(f"{http}/api/v1/traces", Host="localhost:1")[0] == 200


def test_a_key_protects_data_but_not_health(serve):
    state = serve(AXONIZE_API_KEY="k", AXONIZE_GENAI_METRICS="true").wait_ready()
    http = state["http"]
    assert call(f"{http}/v1/traces", otlp(1))[0] == 401
    assert call(f"{http}/v1/traces", otlp(1), Authorization="Bearer k")[0] == 200
    assert call(f"{http}/api/v1/traces")[0] == 401
    assert call(f"{http}/api/v1/traces", Authorization="Bearer k")[0] == 200
    assert call(f"{http}/readyz")[0] == 200
    status, metrics = call(f"{http}/metrics")
    assert status == 200
    assert b'\naxonize_retention_seconds{table="spans"} 2592000\n' in metrics
    assert b"\n# TYPE gen_ai_server_request_duration_seconds histogram\n" in metrics
    with grpc.insecure_channel(state["grpc"]) as channel:
        export = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.RpcError) as refused:
            export(otlp(2), timeout=240)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        export(otlp(2), metadata=[("authorization", "Bearer k")], timeout=240)


def test_a_signal_during_the_start_stops_it_cleanly(serve):
    server = serve()
    while not (server.data_dir / "lock").exists():
        assert server.process.poll() is None
    code, _, errors = server.end(signal.SIGTERM)
    assert (code, errors) == (0, "")
    assert not postgres_runs(server.data_dir)


def test_behind_a_proxy_it_answers_without_the_prefix_and_prints_it(serve):
    server = serve(AXONIZE_ROOT_PATH="/ax/")
    http = server.wait_ready()["http"]
    assert call(f"{http}/api/v1/traces")[0] == 200
    assert f"UI and API   {http}/ax" in server.end()[1]


def test_migrate_brings_a_new_folder_up_to_date_and_then_does_nothing(tmp_path):
    command = [sys.executable, "-m", "axonize", "migrate", "--data-dir", str(tmp_path / "data")]
    first = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    second = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    names = [
        f"{kind}/{each.name}" for kind in ("postgres", "clickhouse") for each in available(kind)
    ]
    lines = first.stdout.splitlines()
    for number, (line, name) in enumerate(zip(lines, names, strict=False), 1):
        assert re.fullmatch(rf"\[{number}/{len(names)}\] {name} \.\.\. \d+\.\d s", line)
    assert lines[len(names) :] == ["The databases are up to date."]
    assert second.stdout == "The databases are up to date.\n"
    assert not postgres_runs(tmp_path / "data")
