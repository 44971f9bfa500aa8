"""The doctor's look at a server: a real one, and ones that are wrong in some way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from axonize import server_check
from axonize.config import Config
from axonize.demo.ports import free_port
from axonize.finding import Finding
from axonize.version import VERSION
from tests.server.serving import ServeProcess, call


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AXONIZE_", "OTEL_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServeProcess, Any]]:
    server = ServeProcess(tmp_path_factory.mktemp("server") / "data", AXONIZE_API_KEY="k3y")
    yield server, server.wait_ready()
    server.end()


def doctor(url: str, **environment: str) -> tuple[int, dict[str, Any]]:
    """Run the command; return its exit code and what it says as JSON."""
    command = [sys.executable, "-m", "axonize", "doctor", "--json", "--server", url]
    done = subprocess.run(
        command, capture_output=True, env={"PATH": "/usr/bin", **environment}, check=False
    )
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout)


def texts(findings: list[dict[str, Any]], level: str) -> list[str]:
    return [each["text"] for each in findings if each["level"] == level]


def test_a_server_in_order(running: tuple[ServeProcess, Any]) -> None:
    state = running[1]
    environment = {"AXONIZE_API_KEY": "k3y", "AXONIZE_ENDPOINT": state["grpc"]}
    code, answer = doctor(state["http"] + "/", **environment)
    assert (code, answer["ok"]) == (0, True)
    kept = "engine_steps 30 days, gpu_metrics 7 days, spans 30 days, traces 90 days"
    said = texts(answer["findings"], "good")
    assert said[:5] == [
        f"{state['http']} answers",
        "its clock agrees with the one here",
        "clickhouse answers it",
        "postgres answers it",
        f"axonize {VERSION}",
    ]
    assert said[5] == f"it keeps at most {kept}"
    assert said[6:] == [
        f"{state['http']} (http) took a span, and it was read back",
        f"{state['grpc']} (grpc) took a span, and it was read back",
    ]


def test_a_wrong_key_is_said_and_never_shown(running: tuple[ServeProcess, Any]) -> None:
    state = running[1]
    environment = {"AXONIZE_API_KEY": "wr0ng", "AXONIZE_ENDPOINT": state["grpc"]}
    code, answer = doctor(state["http"], **environment)
    wrong = [each for each in answer["findings"] if each["level"] == "bad"]
    assert (code, len(wrong)) == (1, 2)
    assert {each["advice"] for each in wrong} == {"Set AXONIZE_API_KEY to a key of the server."}
    assert "wr0ng" not in json.dumps(answer)


def test_a_port_that_does_not_answer_is_said_for_each(running: tuple[ServeProcess, Any]) -> None:
    http = running[1]["http"]
    nobody = f"127.0.0.1:{free_port()}"
    code, answer = doctor(http, AXONIZE_API_KEY="k3y", AXONIZE_ENDPOINT=nobody)
    (wrong,) = texts(answer["findings"], "bad")
    assert code == 1
    assert wrong.startswith(f"{nobody} (grpc) does not take a span: ")
    code, answer = doctor(f"http://{nobody}")
    assert (code, len(answer["findings"])) == (1, 1)
    assert answer["findings"][0]["text"].startswith(f"http://{nobody} does not answer: ")
    code, answer = doctor(http.replace("http:", "https:"))
    assert code == 1
    assert answer["findings"][0]["advice"].startswith("The port speaks without TLS")


def test_a_server_that_only_ingests_is_in_order(tmp_path: Path) -> None:
    server = ServeProcess(tmp_path / "data", "--ingest-only")
    try:
        state = server.wait_ready()
        code, answer = doctor(state["http"], AXONIZE_ENDPOINT=state["grpc"])
        assert code == 0
        for port in (f"{state['http']} (http)", f"{state['grpc']} (grpc)"):
            said = f"{port} took a span; this server answers no questions"
            assert said in texts(answer["findings"], "good")
        assert call(f"{state['http']}/api/v1/traces")[0] == 404
    finally:
        server.end()


class Wrong(BaseHTTPRequestHandler):
    """Answers as a server in trouble does: an old release without a database, in another time."""

    seconds_ahead = 120.0

    def do_GET(self) -> None:
        bodies = {
            "/healthz": b'{"status":"ok"}',
            "/readyz": b'{"databases":{"clickhouse":"down","postgres":"ok"}}',
            "/metrics": b'axonize_build_info{version="0.0.1"} 1\n',
        }
        body = bodies.get(self.path, b"")
        self.send_response(200 if body else 500)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(time.time() + self.seconds_ahead, usegmt=True)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def wrong_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_trouble_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONIZE_ENDPOINT", f"127.0.0.1:{free_port()}")
    with wrong_server(Wrong) as url:
        found = list(server_check.check_server(url))
    said = [(each.level, re.sub(r"\b1[12]\d s", "120 s", each.text), each.advice) for each in found]
    assert [each for each in said if each[0] != "good"][:4] == [
        (
            "bad",
            "its clock is 120 s ahead of this one",
            "Run NTP on both: traces are listed by the time that senders say.",
        ),
        ("bad", "clickhouse is down", "See the server's log, and AXONIZE_CLICKHOUSE_DSN there."),
        ("note", "axonize 0.0.1", f"Here is {VERSION}: upgrade the older one."),
        (
            "bad",
            f"{url} (http) took a span, but reading it back is answered HTTP 500",
            "See the server's log.",
        ),
    ]


def test_what_is_no_axonize_is_said() -> None:
    class Other(Wrong):
        def do_GET(self) -> None:
            self.send_error(404)

    with wrong_server(Other) as url:
        (found,) = server_check.check_server(url)
    text = f"{url} answers /healthz with HTTP 404"
    assert found == Finding("Server", "bad", text, "Look whether this is an Axonize server.")
    (found,) = server_check.check_server("localhost:8080")
    assert found.text == "localhost:8080 is no URL"


def test_the_grpc_port_is_4317_of_the_same_host_unless_another_is_named() -> None:
    for url, endpoint in (
        ("http://a:8080", "http://a:4317"),
        ("https://a", "https://a:4317"),
        ("http://[::1]:8080", "http://[::1]:4317"),
    ):
        server = server_check.Server(url, Config())
        assert dict(server_check._endpoints(server, Config())) == {"http": url, "grpc": endpoint}
