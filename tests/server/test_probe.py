from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.serving import ServeProcess
from tests.server.test_tls import Files


def probe(data: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "axonize_server.probe", str(data)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stderr


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
        assert probe(data) == (0, "")
        # What hangs is not well, though its port still takes connections.
        server.process.send_signal(signal.SIGSTOP)
        code, said = probe(data)
        server.process.send_signal(signal.SIGCONT)
        assert (code, said[:11], said[-10:]) == (1, "no answer: ", "timed out\n")
        assert probe(data) == (0, "")
    finally:
        assert server.end()[0] == 0
    (data / "server.json").write_text(json.dumps(state))
    assert probe(data) == (1, "no answer: [Errno 111] Connection refused\n")
