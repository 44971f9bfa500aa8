"""A stop under load ends, whatever is under way, and all that was acknowledged is stored."""

from __future__ import annotations

import itertools
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.e2e.tenancy import ADMIN_KEY, ask, make_key, manage
from tests.server.rows import trace_id
from tests.server.serving import ClickHouseProcess, ServeProcess, call, otlp

MULTI_TENANT = {"AXONIZE_AUTH_MODE": "multi_tenant", "AXONIZE_ADMIN_KEY": ADMIN_KEY}
SENDERS = 8
SPANS = 10
ids = itertools.count(1)


class Sent:
    """What senders have had acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.over = threading.Event()

    def send(self, http: str, key: str) -> None:
        """Send one trace after the other; who is not answered goes on with the next."""
        while not self.over.is_set():
            trace = next(ids)
            try:
                status, _ = call(
                    f"{http}/v1/traces", otlp(trace, SPANS), Authorization=f"Bearer {key}"
                )
            except (OSError, HTTPException):
                time.sleep(0.05)
            else:
                self.acknowledged += [trace] if status == 200 else []


def suspend_and_resume(http: str, tenant: str, over: threading.Event) -> None:
    """Have the server wait for the write that is under way, again and again."""
    with suppress(OSError, HTTPException, AssertionError):  # until it stops
        for change in itertools.cycle(("suspend", "resume")):
            if over.is_set():
                return
            manage(http, "POST", f"/{tenant}/{change}")


@contextmanager
def load(http: str, key: str) -> Iterator[Sent]:
    sent = Sent()
    threads = [threading.Thread(target=sent.send, args=(http, key)) for _ in range(SENDERS)]
    threads.append(threading.Thread(target=suspend_and_resume, args=(http, "other", sent.over)))
    for thread in threads:
        thread.start()
    try:
        yield sent
    finally:
        sent.over.set()
        for thread in threads:
            thread.join(240)


def until(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.05)


def begin(server: ServeProcess) -> tuple[str, str]:
    """Return where it listens, and a key for one of two tenants."""
    http = server.wait_ready()["http"]
    for tenant in ("acme", "other"):
        manage(http, "POST", "", {"tenant_id": tenant})
    return http, make_key(http, "acme", "ingest", "read")[0]


def stored(http: str, key: str, traces: list[int]) -> list[int]:
    """Return those that are there, whole."""

    def spans(trace: int) -> int:
        status, text = ask(http, "GET", f"/api/v1/traces/{trace_id(trace)}", key)
        return int(json.loads(text)["span_count"]) if status == 200 else 0

    return [trace for trace in traces if spans(trace) == SPANS]


def test_a_stop_under_load_ends_and_asking_twice_changes_nothing(tmp_path: Path) -> None:
    server = ServeProcess(tmp_path / "data", **MULTI_TENANT)
    http, key = begin(server)
    with load(http, key) as sent:
        until(lambda: len(sent.acknowledged) > 200)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        code, _, errors = server.end(signal.SIGTERM)
    assert (code, "Traceback" in errors) == (0, False), errors
    again = ServeProcess(tmp_path / "data", **MULTI_TENANT)
    http = again.wait_ready()["http"]
    assert stored(http, key, sent.acknowledged) == sent.acknowledged
    assert again.end()[0] == 0


@pytest.mark.parametrize("says_nothing", [False, True], ids=["refuses", "says nothing"])
def test_a_stop_ends_while_clickhouse_takes_nothing(tmp_path: Path, says_nothing: bool) -> None:
    clickhouse = ClickHouseProcess(tmp_path / "clickhouse")
    clickhouse.start()
    settings = {**MULTI_TENANT, "AXONIZE_CLICKHOUSE_DSN": clickhouse.dsn}
    try:
        server = ServeProcess(tmp_path / "data", **settings)
        http, key = begin(server)
        with load(http, key) as sent:
            until(lambda: len(sent.acknowledged) > 50)
            clickhouse.signal(signal.SIGSTOP) if says_nothing else clickhouse.kill()
            time.sleep(3)
            code, _, errors = server.end(signal.SIGTERM)
        # What says nothing is not waited for to the end of its time: the process is ended.
        assert code == (1 if says_nothing else 0), errors
        clickhouse.kill()
        clickhouse.start()
        again = ServeProcess(tmp_path / "data", **settings)
        http = again.wait_ready()["http"]
        assert stored(http, key, sent.acknowledged) == sent.acknowledged
        assert again.end()[0] == 0
    finally:
        clickhouse.kill()
