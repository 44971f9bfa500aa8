"""A server under load loses its process or its databases: what it acknowledged stays.

A short form runs with all tests; `nox -s chaos` runs 20 rounds and longer outages.
"""

from __future__ import annotations

import os
import secrets
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from axonize.demo.ports import free_port
from tests.chaos.load import RETRYABLE, Load, Log, sending, wrong
from tests.server.serving import ClickHouseProcess, ServeProcess, otlp

ROUNDS = int(os.environ.get("AXONIZE_CHAOS_ROUNDS", "2"))
OUTAGE_S = float(os.environ.get("AXONIZE_CHAOS_OUTAGE_S", "4"))
STOPPED_WITHIN_S = 40  # what the files in deploy/ allow; a server that is stuck ends by itself
BACK_WITHIN_S = 240


class Chaos:
    """A data folder with two ports: a server that is started again and again, and its load."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.data_dir = folder / "data"
        self.since = datetime.now(timezone.utc) - timedelta(minutes=1)
        self.load_log = folder / "load.log"
        http_port, grpc_port = free_port(), free_port()
        self.http, self.grpc = f"http://127.0.0.1:{http_port}", f"127.0.0.1:{grpc_port}"
        self._environment = environment
        self._ports = ("--http-port", str(http_port), "--grpc-port", str(grpc_port))
        self.server: ServeProcess

    def start(self) -> float:
        """Start the server; return the seconds until it was ready."""
        started = time.monotonic()
        self.server = ServeProcess(self.data_dir, *self._ports, **self._environment)
        self.server.wait_ready()
        return time.monotonic() - started

    def load(self) -> AbstractContextManager[Load]:
        """Send until the block ends."""
        return sending(self.grpc, self.load_log)

    def check(self, log: Log) -> None:
        """Fail when an acknowledged span is missing, or one is counted twice."""
        assert log.acknowledged
        assert set(log.refused) <= RETRYABLE, log.refused
        assert wrong(self.http, log.acknowledged, self.since) == {}

    def databases(self) -> dict[str, str]:
        """Return which database is up, as the server says."""
        databases: dict[str, str] = httpx.get(f"{self.http}/readyz", timeout=240).json()[
            "databases"
        ]
        return databases


@pytest.fixture
def chaos(tmp_path: Path) -> Iterator[Callable[..., Chaos]]:
    """Make a started server by its environment; what still runs is stopped at the end."""
    made: list[Chaos] = []

    def make(folder: Path = tmp_path, **environment: str) -> Chaos:
        made.append(Chaos(folder, **environment))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.server.end()


def until(what: Callable[[], bool]) -> float:
    """Wait until something holds; return the seconds it took."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < BACK_WITHIN_S
        time.sleep(0.1)
    return time.monotonic() - started


def test_kill_9_loses_nothing(chaos, capsys) -> None:
    subject = chaos()
    ready = []
    with subject.load() as load:
        for number in range(ROUNDS):
            load.wait_for(100)
            subject.server.end(signal.SIGKILL)
            ready.append(subject.start())
            with capsys.disabled():
                print(f"\nround {number + 1}: ready after {ready[-1]:.2f} s", end="", flush=True)
        load.wait_for(100)
    log = load.read()
    subject.check(log)
    assert log.refused
    with capsys.disabled():
        print(
            f"\n{ROUNDS} kills: {len(log.acknowledged)} traces acknowledged, 0 wrong; "
            f"ready after {statistics.median(ready):.2f} s (most {max(ready):.2f} s)"
        )


def test_sigterm_under_load_loses_nothing_and_ends_in_time(chaos, capsys) -> None:
    subject = chaos()
    took = []
    with subject.load() as load:
        for _ in range(ROUNDS):
            load.wait_for(100)
            started = time.monotonic()
            code, _, errors = subject.server.end(signal.SIGTERM)
            took.append(time.monotonic() - started)
            assert (code, errors) == (0, "")
            subject.start()
        load.wait_for(100)
    assert max(took) < STOPPED_WITHIN_S
    log = load.read()
    subject.check(log)
    with capsys.disabled():
        print(
            f"\n{ROUNDS} stops: {len(log.acknowledged)} traces acknowledged, 0 wrong; "
            f"ended after {statistics.median(took):.2f} s (most {max(took):.2f} s)"
        )


def test_a_clickhouse_that_is_away_is_refusals(chaos, tmp_path: Path) -> None:
    clickhouse = ClickHouseProcess(tmp_path / "clickhouse")
    clickhouse.start()
    try:
        subject = chaos(AXONIZE_CLICKHOUSE_DSN=clickhouse.dsn)
        with subject.load() as load:
            load.wait_for(100)
            clickhouse.kill()
            time.sleep(OUTAGE_S)
            until(lambda: subject.databases() == {"clickhouse": "down", "postgres": "ok"})
            until(lambda: load.read().refused["UNAVAILABLE"] > 0)
            clickhouse.start()
            load.wait_for(100)
        subject.check(load.read())
    finally:
        clickhouse.kill()


def test_a_postgres_that_is_killed_is_started_again(chaos) -> None:
    subject = chaos()
    with subject.load() as load:
        load.wait_for(100)
        for _ in range(ROUNDS):
            killed = postgres_pid(subject.data_dir)
            os.kill(killed, signal.SIGKILL)
            load.wait_for(20)
            until(lambda old=killed: postgres_pid(subject.data_dir) not in (0, old))
            until(lambda: subject.databases() == {"clickhouse": "ok", "postgres": "ok"})
        load.wait_for(20)
    log = load.read()
    assert not log.refused, "spans need no PostgreSQL"
    subject.check(log)
    code, _, errors = subject.server.end()
    assert code == 0
    assert "PostgreSQL runs again" in errors
    assert not (subject.data_dir / "postgres" / "postmaster.pid").exists(), "it is stopped, too"


def postgres_pid(data_dir: Path) -> int:
    """Return the process of the server's own PostgreSQL; 0 between two of them."""
    try:
        return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):  # it is made, and then written
        return 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that can be filled."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(command, check=False).returncode:
        pytest.skip("only root can mount a file system that is small enough to be filled")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def reads_all(subject: Chaos, log: Log) -> bool:
    """Return whether all is there; for a moment a part may be cut, which is a 503."""
    try:
        return wrong(subject.http, log.acknowledged, subject.since) == {}
    except httpx.HTTPStatusError as error:
        if error.response.status_code != 503:
            raise
        return False


def test_a_full_disk_is_refusals(small_disk: Path, chaos) -> None:
    subject = chaos(small_disk)
    subject.load_log = small_disk.with_name("load.log")
    with subject.load() as load:
        load.wait_for(100)
        fill(small_disk / "ballast")
        until(lambda: bool(load.read().refused))
        until(lambda: refusal_over_http(subject.http) == (503, "5"))
        until(lambda: refusal_over_grpc(subject.grpc) == ("UNAVAILABLE", 5.0))
        before = load.read()
        until(lambda: reads_all(subject, before))
        assert httpx.get(f"{subject.http}/healthz").is_success
        (small_disk / "ballast").unlink()
        load.wait_for(100)
    log = load.read()
    assert set(log.refused) <= {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}
    subject.check(log)
    assert subject.server.process.poll() is None


def refusal_over_http(http: str) -> tuple[int, str | None]:
    """Return the status and Retry-After of a trace that is sent."""
    headers = {"content-type": "application/x-protobuf"}
    content = otlp(secrets.randbits(128))
    answer = httpx.post(f"{http}/v1/traces", content=content, headers=headers, timeout=60)
    return answer.status_code, answer.headers.get("retry-after")


def refusal_over_grpc(endpoint: str) -> tuple[str, float] | None:
    """Return the status and the delay of RetryInfo of a trace that is sent; None when stored."""
    request = ExportTraceServiceRequest.FromString(otlp(secrets.randbits(128)))
    with grpc.insecure_channel(endpoint) as channel:
        try:
            TraceServiceStub(channel).Export(request, timeout=60)
        except grpc.RpcError as error:
            info = RetryInfo()
            metadata = dict(error.trailing_metadata())
            status = Status.FromString(metadata["grpc-status-details-bin"])
            assert status.details[0].Unpack(info)
            return error.code().name, info.retry_delay.ToTimedelta().total_seconds()
    return None


def fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return
