"""What a real process with a full buffer and a missing hook says of itself, asked of the API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from axonize.version import VERSION
from tests.server.serving import ServeProcess, call

# It loses what does not fit its buffer while the worker has no turn, and hooks what is not there.
PROGRAM = """
import sys, types, axonize
from axonize import patching
from axonize.patching import Integration, Patch
import json

def observe(call):
    yield

axonize.init(endpoint=sys.argv[1], service_name="lossy", environment="test", buffer_size=8,
             flush_interval_ms=50, health_interval_ms=200)
patching.install(Integration("json", "", (Patch("json", "dumps", observe),
                                          Patch("json", "gone", observe))))
with axonize.span("first"):
    pass
axonize.flush()
sys.setswitchinterval(60)  # the worker waits until the buffer is full
for number in range(50):
    with axonize.span("work"):
        pass
sys.setswitchinterval(0.005)
axonize.flush()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    process = ServeProcess(tmp_path_factory.mktemp("processes") / "data")
    yield process.wait_ready()
    process.end()


@contextmanager
def lossy_process(endpoint: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program until the end of the block."""
    env = {**os.environ, "AXONIZE_STATUS_DIR": str(folder)}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PROGRAM, endpoint]
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        try:
            yield process
        finally:
            process.communicate(b"")
    assert process.returncode == 0


def wait_for(http: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the process that reports, once it says what is wanted."""
    by = time.monotonic() + 240
    while True:
        status, body = call(f"{http}/api/v1/processes")
        assert status == 200, body
        found = [each for each in json.loads(body)["items"] if each["service_name"] == "lossy"]
        if found and condition(found[0]):
            return dict(found[0])
        assert time.monotonic() < by, found
        time.sleep(0.1)


def test_a_process_says_what_it_lost_and_lacks(server: dict[str, Any], tmp_path: Path) -> None:
    with lossy_process(server["grpc"], tmp_path) as process:
        found = wait_for(server["http"], lambda each: bool(each["spans_dropped"]))
        assert (found["pid"], found["environment"]) == (process.pid, "test")
        assert found["sdk"] == {"name": "axonize", "language": "python", "version": VERSION}
        assert set(found["spans_dropped"]) == {"queue_full"}
        assert [each for each in found["hooks"] if each["integration"] == "json"] == [
            {"integration": "json", "state": "missing", "count": 1},
            {"integration": "json", "state": "patched", "count": 1},
        ]
        (fault,) = found["faults"]
        assert (fault["integration"], fault["target"], fault["state"]) == (
            "json",
            "json:gone",
            "missing",
        )
    total = 51
    last = wait_for(
        server["http"],
        lambda each: each["spans_exported"] + each["spans_dropped"]["queue_full"] == total,
    )
    assert last["spans_waiting"] == 0
    assert last["instance_id"] == found["instance_id"]
