"""Other servers that take OTLP over HTTP and store it in a file: Arize Phoenix and MLflow.

Each is in an environment of its own, named by AXONIZE_BENCH_PHOENIX and AXONIZE_BENCH_MLFLOW (the
folder of its programs); `nox -s bench -- ingest` makes them.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from axonize.demo.ports import free_port
from axonize.demo.processes import Server

START_S = 180
# A peer that has stored nothing more for so long has stored all that it will.
IDLE_S = 60


class Peer(NamedTuple):
    """How a server is started, and where it answers and stores spans."""

    name: str
    variable: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    health: str
    headers: dict[str, str]
    database: str

    @property
    def programs(self) -> Path | None:
        """Return the folder of its programs, if it is installed."""
        folder = os.environ.get(self.variable)
        return Path(folder) if folder else None


PHOENIX = Peer(
    "Phoenix",
    "AXONIZE_BENCH_PHOENIX",
    ("phoenix", "serve"),
    {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_WORKING_DIR": "FOLDER",
        "PHOENIX_PORT": "PORT",
        "PHOENIX_GRPC_PORT": "OTHER",
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    },
    "/healthz",
    {},
    "phoenix.db",
)
MLFLOW = Peer(
    "MLflow",
    "AXONIZE_BENCH_MLFLOW",
    ("mlflow", "server", "--port", "PORT", "--backend-store-uri", "sqlite:///FOLDER/mlflow.db"),
    {"MLFLOW_DISABLE_TELEMETRY": "true"},
    "/health",
    {"x-mlflow-experiment-id": "0"},
    "mlflow.db",
)
PEERS = (PHOENIX, MLFLOW)


@contextmanager
def running(peer: Peer, folder: Path) -> Iterator[Server]:
    """Run a peer that is installed, on files in the folder, until the block ends."""
    named = {"FOLDER": str(folder), "PORT": str(free_port()), "OTHER": str(free_port())}

    def filled(text: str) -> str:
        for name, value in named.items():
            text = text.replace(name, value)
        return text

    # What is installed here is not for them.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    # Their names hold PORT too, so only the values are filled.
    environment |= {name: filled(value) for name, value in peer.environment.items()}
    program, *arguments = map(filled, peer.arguments)
    assert peer.programs
    url = f"http://127.0.0.1:{named['PORT']}"
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [peer.programs / program, *arguments],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_for(f"{url}{peer.health}", process)
            yield Server(url, "", process.pid)
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its workers, which are a group of their own."""
    os.killpg(process.pid, 15)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the URL answers; raises RuntimeError when that takes too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"{url} does not answer")


def stored(database: Path) -> int:
    """Return how many spans are in its file once no more come."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < IDLE_S:
        found = spans_in(database)
        if found != count:
            count, since = found, time.monotonic()
        time.sleep(1)
    return count


def spans_in(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        found: int = connection.execute("SELECT count(*) FROM spans").fetchone()[0]
        return found
