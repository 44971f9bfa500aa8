"""Traces that leave one server and come to another, whatever their size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axonize_server.ingest.http import MAX_JSON_BYTES

from axonize import import_file
from axonize.demo.ports import free_port
from tests.server.ingest.otlp import EVERY_TYPE, body, span
from tests.server.rows import trace_id
from tests.server.serving import ServeProcess, call

SPANS, LONG = 3000, "x" * 8000


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AXONIZE_", "OTEL_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = ServeProcess(
        tmp_path_factory.mktemp("server") / "data",
        AXONIZE_AUTH_MODE="multi_tenant",
        AXONIZE_ADMIN_KEY="operator",
    )
    yield process.wait_ready()["http"]
    process.end()


def make_key(server: str, tenant: str) -> str:
    """Make a tenant and a key that may do everything."""

    def post(path: str, sent: dict[str, Any]) -> Any:
        headers = {"Authorization": "Bearer operator", "Content-Type": "application/json"}
        address = f"{server}/api/v1/admin/tenants{path}"
        request = urllib.request.Request(address, json.dumps(sent).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    post("", {"tenant_id": tenant})
    key: str = post(f"/{tenant}/keys", {"scopes": ["ingest", "read"]})["key"]
    return key


def get(server: str, path: str, key: str) -> bytes:
    status, content = call(f"{server}/api/v1/traces/{path}", Authorization=f"Bearer {key}")
    assert status == 200, content
    return content


def axonize_import(file: Path, server: str, key: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "axonize", "import", str(file), "--server", server]
    environ = {"PATH": "/usr/bin", "AXONIZE_API_KEY": key}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_trace_larger_than_a_request_may_be_is_the_same_trace_elsewhere(
    server: str, tmp_path: Path
) -> None:
    here, there = make_key(server, "here"), make_key(server, "there")
    for first in range(1, SPANS, 500):
        spans = (
            span(number, {**EVERY_TYPE, "long": LONG}, trace_id=(9).to_bytes(16, "big"))
            for number in range(first, first + 500)
        )
        sent = body(*spans, resource={"service.name": "large"})
        assert call(f"{server}/v1/traces", sent, Authorization=f"Bearer {here}")[0] == 200
    whole = get(server, f"{trace_id(9)}/export", here)
    assert len(whole) > MAX_JSON_BYTES
    header = {"Authorization": f"Bearer {here}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{server}/v1/traces", whole, header)
    with pytest.raises(urllib.error.HTTPError, match="413"):
        urllib.request.urlopen(request, timeout=60)

    file = tmp_path / "trace.jsonl"
    file.write_bytes(get(server, f"{trace_id(9)}/export.jsonl", here))
    lines = file.read_bytes().splitlines()
    assert max(map(len, lines)) < MAX_JSON_BYTES / 3
    for _ in range(2):  # what is sent twice is stored once
        assert axonize_import(file, server, there) == (
            0, f"requests sent to {server}: {len(lines)}\n", "",
        )  # fmt: skip
    assert get(server, f"{trace_id(9)}/export", there) == whole
    assert json.loads(get(server, trace_id(9), there))["span_count"] == SPANS


def test_what_a_server_does_not_take_is_said_with_its_line(server: str, tmp_path: Path) -> None:
    key = make_key(server, "careful")
    file = tmp_path / "trace.jsonl"
    empty = '{"resourceSpans":[]}\n'
    file.write_text(f"{empty}\n{{\n")
    code, output, errors = axonize_import(file, server, key)
    assert (code, output) == (1, "")
    assert errors.startswith(f"axonize: {file}, line 3: HTTP 400 ")
    nameless = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "", "spanId": ""}]}]}]}
    file.write_text(empty + json.dumps(nameless))
    left_out = "axonize: the server left out 1 spans that are not valid\n"
    assert axonize_import(file, server, key) == (1, f"requests sent to {server}: 2\n", left_out)
    wrong = f"axonize: {file}, line 1: HTTP 401 "
    assert axonize_import(file, server, "wrong")[2].startswith(wrong)
    missing = f"axonize: [Errno 2] No such file or directory: '{tmp_path / 'none'}'\n"
    assert axonize_import(tmp_path / "none", server, key) == (2, "", missing)
    assert axonize_import(file, "localhost", key)[0] == 2


class Busy(BaseHTTPRequestHandler):
    """Takes the third request, and is away after the fourth."""

    asked = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        Busy.asked += 1
        if Busy.asked == 5:
            return
        self.send_response(200 if Busy.asked > 2 else 503)
        self.send_header("retry-after", "0.01")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_that_is_busy_is_waited_for_and_one_that_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_file, "LONGEST_PAUSE_S", 0.01)
    file = tmp_path / "trace.jsonl"
    file.write_text("{}\n{}\n{}\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert import_file.import_file(str(file), f"http://127.0.0.1:{server.server_port}") == 0
        server.shutdown()
    assert Busy.asked == 6


def test_a_server_that_is_not_there_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text("{}\n")
    assert import_file.import_file(str(file), f"http://127.0.0.1:{free_port()}") == 1
    said = f"axonize: {file}, line 1: [Errno 111] Connection refused\n"
    assert capsys.readouterr().err == said
