from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.server.serving import ServeProcess
from tests.server.test_tls import Files

WELL_WITHIN_S = 120


def probe(data: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "axonize_server.probe", str(data)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stderr


def wait_until_well(data: Path) -> None:
    """A busy machine may answer later than a probe waits, now and then."""
    deadline = time.monotonic() + WELL_WITHIN_S
    while (found := probe(data)) != (0, ""):
        assert time.monotonic() < deadline, found


@pytest.mark.parametrize("kind", ["plain", "TLS", "certificates of clients"])
def test_it_follows_the_server(tmp_path: Path, kind: str) -> None:
    files = Files(tmp_path)
    environment = {} if kind == "plain" else files.settings()
    if kind == "certificates of clients":
        environment["AXONIZE_TLS_CLIENT_CA"] = str(files.ca)
    data = tmp_path / "data"
    assert probe(data)[0] == 1
    server = ServeProcess(data, **environment)
    try:
        state = server.wait_ready()
        wait_until_well(data)
        # What hangs is not well, though its port still takes connections.
        server.process.send_signal(signal.SIGSTOP)
        code, said = probe(data)
        server.process.send_signal(signal.SIGCONT)
        assert (code, said[:11], said[-10:]) == (1, "no answer: ", "timed out\n")
        wait_until_well(data)
    finally:
        assert server.end()[0] == 0
    (data / "server.json").write_text(json.dumps(state))
    assert probe(data) == (1, "no answer: [Errno 111] Connection refused\n")
