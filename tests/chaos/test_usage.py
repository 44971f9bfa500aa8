"""Usage equals truth: what is metered is what is stored, through retries and restarts.

A short form runs with all tests; `nox -s chaos` sends 100,000 spans.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
import time
import urllib.error
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.chaos.test_chaos import Chaos
from tests.e2e.tenancy import ADMIN_KEY, ask, make_key, manage
from tests.server.ingest.otlp import body, span
from tests.server.serving import call
from tests.server.steps import Rider, step

SPANS = int(os.environ.get("AXONIZE_USAGE_SPANS", "6000"))
ROUNDS = int(os.environ.get("AXONIZE_CHAOS_ROUNDS", "2"))
TENANTS = ("acme", "globex", "initech")
SPANS_A_REQUEST = 100
SENT_AGAIN = 0.2
MULTI_TENANT = {"AXONIZE_AUTH_MODE": "multi_tenant", "AXONIZE_ADMIN_KEY": ADMIN_KEY}


class Sender:
    """One tenant's service: sends until it is told that a request is stored, and some again."""

    def __init__(self, http: str, tenant: str, share: int) -> None:
        self.tenant = tenant
        self.key = make_key(http, tenant, "ingest", "read")[0]
        self.requests = [self._request(number) for number in range(share // SPANS_A_REQUEST)]
        self.sent = self.repeated = 0
        self._http = http
        self.thread = threading.Thread(target=self._run, daemon=True)  # it asks for ever

    def _request(self, number: int) -> bytes:
        now = time.time_ns()
        first = number * SPANS_A_REQUEST + 1
        spans = [
            span(each, trace_id=(number + 1).to_bytes(16, "big"), start_time_unix_nano=now,
                 end_time_unix_nano=now + 1000)
            for each in range(first, first + SPANS_A_REQUEST)
        ]  # fmt: skip
        return body(*spans, step(number + 1, [Rider("r")], engine=self.tenant))

    def _run(self) -> None:
        chance = random.Random(self.tenant)
        for request in self.requests:
            self._deliver(request)
            if chance.random() < SENT_AGAIN:
                self.repeated += 1
                self._deliver(request)
            self.sent += 1

    def _deliver(self, request: bytes) -> None:
        while not self._is_stored(request):
            time.sleep(0.05)

    def _is_stored(self, request: bytes) -> bool:
        try:
            key = f"Bearer {self.key}"
            return call(f"{self._http}/v1/traces", request, Authorization=key)[0] == 200
        except (OSError, http.client.HTTPException, urllib.error.URLError):
            return False


def restart(subject: Chaos, senders: list[Sender]) -> None:
    """Kill the server and stop it in turn, spread over the time of the senders."""
    total = sum(len(each.requests) for each in senders)
    for number in range(ROUNDS):
        until(lambda at=(number + 1) / (ROUNDS + 1): sum(e.sent for e in senders) >= at * total)
        subject.server.end(signal.SIGKILL if number % 2 == 0 else signal.SIGTERM)
        subject.start()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 600
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stored(http: str, sender: Sender) -> int:
    """Return how many spans a tenant has stored, by taking all of them out."""
    now = datetime.now(timezone.utc)
    begin, end = (now - timedelta(hours=2), now + timedelta(hours=1))
    query = f"from={begin:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    status, text = ask(http, "GET", f"/api/v1/export/spans?{query}", sender.key)
    assert status == 200
    return text.count("'span_id'")


def metered(http: str, tenant: str) -> tuple[int, int]:
    days = manage(http, "GET", f"/{tenant}/usage")["items"]
    return sum(day["spans"] for day in days), sum(day["engine_steps"] for day in days)


def test_what_is_metered_is_what_is_stored(tmp_path: Path, capsys) -> None:
    subject = Chaos(tmp_path, **MULTI_TENANT)
    subject.start()
    try:
        for tenant in TENANTS:
            manage(subject.http, "POST", "", {"tenant_id": tenant})
        senders = [Sender(subject.http, tenant, SPANS // len(TENANTS)) for tenant in TENANTS]
        for each in senders:
            each.thread.start()
        restart(subject, senders)
        for each in senders:
            each.thread.join()
        for each in senders:
            sent = len(each.requests) * SPANS_A_REQUEST
            assert metered(subject.http, each.tenant) == (sent, len(each.requests))
            assert stored(subject.http, each) == sent
            assert each.repeated
    finally:
        subject.server.end()
    with capsys.disabled():
        total = sum(len(each.requests) for each in senders) * SPANS_A_REQUEST
        print(f"\n{total} spans of {len(TENANTS)} tenants, {ROUNDS} restarts: metered = stored")
