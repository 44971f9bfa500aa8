"""The server is killed under load and started again: nothing acknowledged is lost, nobody fails."""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from axonize.demo.load import Reply, prompts, send
from axonize.demo.processes import Server, free_port, start_server, start_service
from axonize.demo.readback import read_back
from axonize.demo.report import Step

SPANS_A_TRACE = 5


def request(trace_id: bytes, span_ids: list[bytes]) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for span_id in span_ids:
        spans.add(
            trace_id=trace_id,
            span_id=span_id,
            name="work",
            start_time_unix_nano=now,
            end_time_unix_nano=now + 1000,
        )
    return message


class Sender(threading.Thread):
    """Sends traces as fast as they are acknowledged, and remembers which were."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(daemon=True)
        self.endpoint = endpoint
        self.over = threading.Event()
        self.acknowledged: dict[str, set[str]] = {}
        self.refused = 0

    def run(self) -> None:
        with grpc.insecure_channel(
            self.endpoint, options=[("grpc.max_reconnect_backoff_ms", 200)]
        ) as channel:
            export = TraceServiceStub(channel).Export
            while not self.over.is_set():
                trace_id = secrets.token_bytes(16)
                span_ids = [secrets.token_bytes(8) for _ in range(SPANS_A_TRACE)]
                try:
                    export(request(trace_id, span_ids), timeout=10)
                except grpc.RpcError:
                    self.refused += 1
                    time.sleep(0.05)
                else:
                    self.acknowledged[trace_id.hex()] = {i.hex() for i in span_ids}


class Callers(threading.Thread):
    """Calls the traced service, one streaming request after the other."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.over = threading.Event()
        self.replies: list[Reply] = []

    def run(self) -> None:
        with httpx.Client(timeout=60) as client:
            for prompt, max_tokens in prompts(10_000):
                if self.over.is_set():
                    return
                self.replies.append(send(client, self.url, prompt, min(max_tokens, 12)))


@contextmanager
def running(*threads: Sender | Callers) -> Iterator[None]:
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.over.set()
        for thread in threads:
            thread.join(60)


def stored(server: Server, trace_id: str) -> set[str]:
    answer = httpx.get(f"{server.http}/api/v1/traces/{trace_id}", timeout=30)
    return {span["span_id"] for span in answer.json()["spans"]} if answer.is_success else set()


def listed(server: Server) -> dict[str, int]:
    """Return how many spans the list says that each trace has, by trace id."""
    found: dict[str, int] = {}
    page: dict[str, object] = {"limit": 500}
    while True:
        answer = httpx.get(f"{server.http}/api/v1/traces", params=page, timeout=30)
        body = answer.raise_for_status().json()
        found |= {item["trace_id"]: item["span_count"] for item in body["items"]}
        if body["next_cursor"] is None:
            return found
        page["cursor"] = body["next_cursor"]


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(
    tmp_path: Path, tiny_llama: Path
) -> None:
    ports = free_port(), free_port()
    data_dir = tmp_path / "data"
    with ExitStack() as stack:
        server = stack.enter_context(start_server(data_dir, *ports))
        url = stack.enter_context(start_service(tiny_llama, server.grpc))
        sender, callers = Sender(server.grpc), Callers(url)
        with running(sender, callers):
            time.sleep(3)
            before = len(sender.acknowledged), len(callers.replies)
            os.kill(server.pid, signal.SIGKILL)
            time.sleep(1)
            again = stack.enter_context(start_server(data_dir, *ports))
            time.sleep(3)
        found = read_back(again.http, callers.replies, Step("Reading the traces back"))
        short = [
            trace_id
            for trace_id, span_ids in sender.acknowledged.items()
            if stored(again, trace_id) != span_ids
        ]
        counted = listed(again)
        miscounted = [
            trace_id
            for trace_id, span_ids in sender.acknowledged.items()
            if counted.get(trace_id) != len(span_ids)
        ]
    assert min(before) > 0
    assert len(sender.acknowledged) > before[0]
    assert len(callers.replies) > before[1]
    assert sender.refused > 0, "the kill went unnoticed: the load was too light"
    assert [reply for reply in callers.replies if not reply.ok] == []
    assert short == []
    assert miscounted == []
    assert {reply.trace_id for reply in callers.replies} - set(found) == set()
