"""Real servers in processes of their own, and OTLP to put into them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from axonize.demo.ports import free_port

READY_WITHIN_S = 240
STOPPED_WITHIN_S = 180


class ServeProcess:
    """`axonize serve` on a data folder and free ports."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir = data_dir
        command = [sys.executable, "-m", "axonize", "serve", "--data-dir", str(data_dir)]
        command += ["--http-port", "0", "--grpc-port", "0", *arguments]
        # Files: nobody reads a pipe before the end, and a full one would stop the server's log.
        folder = Path(tempfile.mkdtemp(dir=data_dir.parent))
        self._output, self._errors = folder / "output", folder / "errors"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=errors,
                cwd=data_dir.parent,
                env={**_outside(), **environment},
            )

    def wait_ready(self) -> dict[str, Any]:
        """Return what server.json says, as soon as it belongs to this process."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                state = json.loads((self.data_dir / "server.json").read_text())
            except (OSError, ValueError):
                state = {}
            if state.get("pid") == self.process.pid:
                return state
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"not ready: {self.end()}")

    def errors(self) -> str:
        """Return what it has written to stderr so far."""
        return self._errors.read_text()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal; return the exit code, the output and the errors."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(STOPPED_WITHIN_S)
        return self.process.returncode, self._output.read_text(), self._errors.read_text()


class ClickHouseProcess:
    """ClickHouse's HTTP interface in a process that can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.dsn = f"http://127.0.0.1:{self.port}/default"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        module = [sys.executable, "-m", "tests.server.clickhouse_http"]
        self._process = subprocess.Popen([*module, str(self.port), str(self.directory)])
        deadline = time.monotonic() + READY_WITHIN_S
        while not is_up(f"http://127.0.0.1:{self.port}/ping"):
            assert self._process.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it, when it runs, without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send it a signal, such as SIGSTOP to have it say nothing."""
        assert self._process is not None
        self._process.send_signal(number)


def _outside() -> dict[str, str]:
    """Return the environment without what would change the server."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AXONIZE_", "OTEL_"))}


def call(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Return status and body of a GET, or of a POST of OTLP."""
    if body is not None:
        headers["Content-Type"] = "application/x-protobuf"
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def is_up(url: str) -> bool:
    """Return whether anybody answers."""
    try:
        call(url)
    except URLError:
        return False
    return True


def otlp(trace: int, spans: int = 1, service: str = "api") -> bytes:
    """Return a request with one trace: a root and its children, just now."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    attribute = resource_spans.resource.attributes.add(key="service.name")
    attribute.value.string_value = service
    scope_spans = resource_spans.scope_spans.add()
    start = time.time_ns() - 1_000_000_000
    for number in range(1, spans + 1):
        scope_spans.spans.add(
            trace_id=trace.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            parent_span_id=b"" if number == 1 else (1).to_bytes(8, "big"),
            name=f"span {number}",
            kind=2,
            start_time_unix_nano=start + number,
            end_time_unix_nano=start + 1_000_000,
        )
    return request.SerializeToString()
