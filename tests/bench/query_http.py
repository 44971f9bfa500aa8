"""The questions that have goals, asked of a real server: `python -m tests.bench.query_http`.

A store as in `tests.bench.query` is made in another process, then `axonize serve` runs on it and
each question is a GET over loopback: alone, once the server has nothing to do any more, and while
another process sends spans over gRPC.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import numpy as np
from axonize_server.settings import ServerSettings
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.migrate import migrate
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.embedded import EmbeddedPostgres

from axonize.demo.processes import start_server
from tests.bench.ingest import cpu_s
from tests.bench.query import Store, roll_up

GOALS_MS = {
    "newest 50 of 24 h": 30,
    "next page": 30,
    "service, model, error, duration": 150,
    "attribute that nothing has, 1 h": 150,
    "trace by id": 20,
    "overview of 24 h": 130,
    "heatmap of 24 h": 130,
}


# A server that starts looks at all that is stored: nothing is asked alone beside that.
QUIET_CORES, QUIET_FOR_S, QUIET_WITHIN_S = 0.05, 3.0, 120.0


def fill(folder: str, millions: float) -> None:
    settings = ServerSettings(data_dir=folder, query_timeout_s=60)
    postgres = EmbeddedPostgres(Path(folder) / "postgres")
    pool = ClientPool(settings.clickhouse, size=2)
    try:
        migrate(Postgres(postgres.start()), pool)
        store = Store(pool, settings, millions)
        store.fill()
        roll_up(store, round(millions * 1e6))
    finally:
        pool.close()
        postgres.stop()


class Asker:
    """Asks one server; what is asked for differs from one time to the next."""

    def __init__(self, http: str) -> None:
        self._client = httpx.Client(base_url=f"{http}/api/v1", timeout=60)
        self._source = random.Random(1)
        found = self._get("/traces", limit=500).json()
        self._ids = [each["trace_id"] for each in found["items"]]
        self._cursor = found["next_cursor"]
        self.questions: dict[str, Callable[[], httpx.Response]] = {
            "newest 50 of 24 h": lambda: self._get("/traces"),
            "next page": lambda: self._get("/traces", cursor=self._cursor),
            "service, model, error, duration": self._filtered,
            "attribute that nothing has, 1 h": self._attribute,
            "trace by id": lambda: self._get(f"/traces/{self._source.choice(self._ids)}/columns"),
            "overview of 24 h": lambda: self._get("/analytics/overview"),
            "heatmap of 24 h": lambda: self._get("/analytics/heatmap", points="200"),
        }

    def _get(self, path: str, hours: float = 24, **wanted: str | int) -> httpx.Response:
        since = (datetime.now(timezone.utc) - timedelta(hours=hours)).isoformat()
        return self._client.get(path, params={"from": since, **wanted}).raise_for_status()

    def _filtered(self) -> httpx.Response:
        wanted = {"service": "chat-1", "model": "qwen-3-32b", "status": "error"}
        return self._get("/traces", **wanted, min_duration_ms=1300)

    def _attribute(self) -> httpx.Response:
        return self._get("/traces", 1, attribute=f"app.request.id=none {self._source.random()}")

    def ask(self, rounds: int, factor: int) -> None:
        """Ask in turns: of questions one after the other the first had what a start leaves."""
        print(f"{'':<34}{'p50 ms':>9}{'p95 ms':>9}{'goal':>9}")
        for question in self.questions.values():
            question()
        turns = [list(map(_took_ms, self.questions.values())) for _ in range(rounds)]
        for name, took in zip(self.questions, zip(*turns, strict=True), strict=True):
            p50, p95 = np.percentile(took, [50, 95])
            print(f"{name:<34}{p50:>9.1f}{p95:>9.1f}{GOALS_MS[name] * factor:>9}", flush=True)


def _took_ms(question: Callable[[], object]) -> float:
    begin = time.perf_counter()
    question()
    return (time.perf_counter() - begin) * 1e3


def wait_until_quiet(pid: int) -> None:
    """Return when the server used hardly any CPU for some seconds, or when it never does."""
    deadline = time.monotonic() + QUIET_WITHIN_S
    while (cores := cores_used(pid, QUIET_FOR_S)) > QUIET_CORES:
        if time.monotonic() > deadline:
            print(f"not quiet in {QUIET_WITHIN_S:g} s: the server still uses {cores:.2f} cores")
            return


def cores_used(pid: int, for_s: float) -> float:
    """Return the CPU time of a process by that of the clock, over some seconds from now."""
    cpu, begin = cpu_s(pid), time.monotonic()
    time.sleep(for_s)
    return (cpu_s(pid) - cpu) / (time.monotonic() - begin)


def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text) / "data"
        folder.mkdir()
        filling = multiprocessing.get_context("spawn").Process(
            target=fill, args=(str(folder), options.millions)
        )
        filling.start()
        filling.join()
        with start_server(folder) as server:
            wait_until_quiet(server.pid)
            asker = Asker(server.http)
            asker.ask(options.rounds, 1)
            print(f"while {options.rate} spans/s are sent:")
            command = [sys.executable, "-m", "tests.bench.ingest", "600", "--load", "grpc"]
            command += ["--address", server.grpc.removeprefix("http://")]
            command += ["--offered", str(options.rate)]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
                time.sleep(options.warm_up)
                asker.ask(options.rounds, 2)
                load.terminate()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", nargs="?", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=50_000, help="spans a second meanwhile")
    parser.add_argument("--warm-up", type=float, default=150, help="seconds of them before")
    return parser.parse_args()


if __name__ == "__main__":
    main(read_options())
