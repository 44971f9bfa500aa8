"""A process of senders that write down each acknowledged trace, and what readers say of those.

`python -m tests.chaos.load ENDPOINT LOG` sends until SIGTERM. A refused request is sent again until
it is acknowledged, as OTLP asks, so a request whose answer was lost is sent twice.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple, TextIO

import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

SENDERS = 4
SPANS_A_TRACE = 25
# What the server may answer that tells a sender to try again.
RETRYABLE = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "CANCELLED"}


class Log(NamedTuple):
    """Acknowledged trace ids, and how many requests were refused by the name of the status."""

    acknowledged: set[str]
    refused: Counter[str]


class Load:
    """The process of senders."""

    def __init__(self, endpoint: str, log: Path) -> None:
        self._log = log
        command = [sys.executable, "-m", "tests.chaos.load", endpoint, str(log)]
        self._process = subprocess.Popen(command)

    def read(self) -> Log:
        """Return what is written down so far."""
        text = self._log.read_text() if self._log.exists() else ""
        lines = text[: text.rfind("\n") + 1].splitlines()  # the last one may be half written
        said = [line.split() for line in lines]
        return Log(
            {trace for word, trace in said if word == "acknowledged"},
            Counter(status for word, status in said if word == "refused"),
        )

    def wait_for(self, more: int, within_s: float = 240) -> None:
        """Return when so many more traces are acknowledged."""
        wanted = len(self.read().acknowledged) + more
        deadline = time.monotonic() + within_s
        while len(self.read().acknowledged) < wanted:
            assert time.monotonic() < deadline, self.read().refused
            time.sleep(0.1)

    def stop(self) -> Log:
        """End the senders and return what they wrote down."""
        self._process.terminate()
        self._process.wait(120)
        return self.read()


@contextmanager
def sending(endpoint: str, log: Path) -> Iterator[Load]:
    """Send until the block ends."""
    load = Load(endpoint, log)
    try:
        yield load
    finally:
        load.stop()


def wrong(http: str, acknowledged: set[str], since: datetime) -> dict[str, int]:
    """Return each acknowledged trace that readers do not see whole and once: its number of spans.

    A trace that was never acknowledged may be there or not, but not with more spans than it has.
    """
    counts = _counts(http, since)
    missing = {each: counts.get(each, 0) for each in acknowledged}
    return {
        each: count
        for each, count in (counts | missing).items()
        if count != SPANS_A_TRACE and (each in acknowledged or count > SPANS_A_TRACE)
    }


def _counts(http: str, since: datetime) -> dict[str, int]:
    """Return the number of spans of every trace."""
    end = datetime.now(timezone.utc) + timedelta(minutes=1)
    query = {"from": _rfc3339(since), "to": _rfc3339(end), "limit": "500"}
    counts: dict[str, int] = {}
    with httpx.Client(base_url=http, timeout=60) as client:
        while True:
            page = client.get("/api/v1/traces", params=query).raise_for_status().json()
            for item in page["items"]:
                assert item["trace_id"] not in counts, "listed twice"
                counts[item["trace_id"]] = item["span_count"]
            if not page["next_cursor"]:
                return counts
            query["cursor"] = page["next_cursor"]


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _request(trace_id: bytes) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for _ in range(SPANS_A_TRACE):
        spans.add(
            trace_id=trace_id,
            span_id=secrets.token_bytes(8),
            name="work",
            start_time_unix_nano=now,
            end_time_unix_nano=now + 1000,
        )
    return message


def _send(endpoint: str, log: TextIO, over: threading.Event) -> None:
    options = [("grpc.max_reconnect_backoff_ms", 200)]
    with grpc.insecure_channel(endpoint, options=options) as channel:
        export = TraceServiceStub(channel).Export
        while not over.is_set():
            trace_id = secrets.token_bytes(16)
            request = _request(trace_id)
            while not over.is_set():
                try:
                    export(request, timeout=40)
                except grpc.RpcError as error:  # noqa: PERF203
                    log.write(f"refused {error.code().name}\n")
                    over.wait(0.05)
                else:
                    log.write(f"acknowledged {trace_id.hex()}\n")
                    break


def main(endpoint: str, path: str) -> None:
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    with Path(path).open("a", buffering=1) as log:
        senders = [
            threading.Thread(target=_send, args=(endpoint, log, over)) for _ in range(SENDERS)
        ]
        for sender in senders:
            sender.start()
        over.wait()
        for sender in senders:
            sender.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
