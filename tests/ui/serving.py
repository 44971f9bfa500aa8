"""A real `axonize serve` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 120.0


@dataclass(frozen=True)
class Server:
    """Where a running server listens."""

    http: str
    grpc: str


@contextmanager
def serve(data: Path, **environment: str) -> Iterator[Server]:
    """Run a server on free ports until the block ends; its log is in `data`/server.log."""
    command = (sys.executable, "-m", "axonize", "serve", "--data-dir", str(data))
    data.mkdir(parents=True, exist_ok=True)
    with (data / "server.log").open("w") as log:
        process = subprocess.Popen(
            (*command, "--http-port", "0", "--grpc-port", "0"),
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _address(process, data)
        finally:
            process.terminate()
            process.wait(timeout=120)


def _address(process: subprocess.Popen[bytes], data: Path) -> Server:
    deadline = time.monotonic() + START_S
    while not (data / "server.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((data / "server.log").read_text())
        time.sleep(0.05)
    found = json.loads((data / "server.json").read_text())
    return Server(http=found["http"], grpc=found["grpc"])
