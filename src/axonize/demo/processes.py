"""The processes of the demo: the Axonize server and the traced service, started and stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx

from axonize.demo.ports import free_port

READY_WITHIN_S = 240
STOPPED_WITHIN_S = 60
Result = TypeVar("Result")
SERVICE = Path(__file__).with_name("service.py")


@dataclass(frozen=True)
class Server:
    """Where a running Axonize server listens."""

    http: str
    grpc: str
    pid: int


@contextmanager
def start_server(data_dir: Path, http_port: int = 0, grpc_port: int = 0) -> Iterator[Server]:
    """Run `axonize serve` on the data directory until the block ends; port 0 is a free one."""
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "axonize", "serve", "--data-dir", str(data_dir)]
    command += ["--http-port", str(http_port), "--grpc-port", str(grpc_port)]
    with _running(command, data_dir.parent / "server.log") as process:
        yield wait_for_server(data_dir, process)


def wait_for_server(data_dir: Path, process: subprocess.Popen[bytes]) -> Server:
    """Return the addresses of the server, once it says that it is ready."""
    written = data_dir / "server.json"

    def ready() -> Server | None:
        try:
            state = json.loads(written.read_text())
        except (OSError, ValueError):
            return None
        if state["pid"] != process.pid or not _answers(f"{state['http']}/readyz"):
            return None
        return Server(state["http"], state["grpc"], state["pid"])

    server = _wait(ready, process, data_dir.parent / "server.log")
    assert server is not None
    return server


@contextmanager
def start_service(model: Path, endpoint: str) -> Iterator[str]:
    """Run the example service under `axonize-instrument` until the block ends; yield its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "axonize.instrument", "--service-name", "demo-llm"]
    command += ["--endpoint", endpoint, sys.executable, str(SERVICE), str(model), str(port)]
    log = model.parent / "service.log"
    with _running(command, log) as process:
        _wait(lambda: _listens(port), process, log)
        yield url


def wait_for_ctrl_c() -> None:
    """Sleep until the user interrupts or the process is told to end."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    print("Press Ctrl-C to stop.", flush=True)
    try:
        over.wait()
    except KeyboardInterrupt:
        print()


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with log.open("wb") as output:
        # A session of its own: Ctrl-C in the terminal reaches the demo, which stops them in order.
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=environment, start_new_session=True
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end; kill it when it does not."""
    process.terminate()
    try:
        process.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(ready: Callable[[], Result], process: subprocess.Popen[bytes], log: Path) -> Result:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        if result := ready():
            return result
        time.sleep(0.1)
    raise RuntimeError(f"not ready in {READY_WITHIN_S} s: {log}\n{log.read_text()[-4000:]}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
