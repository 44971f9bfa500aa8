"""The server is killed under load and started again: nothing acknowledged is lost, nobody fails."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx

from axonize.demo.load import Reply, prompts, send
from axonize.demo.ports import free_port
from axonize.demo.processes import start_server, start_service
from axonize.demo.readback import read_back
from axonize.demo.report import Step
from tests.chaos.load import sending, wrong


class Callers(threading.Thread):
    """Calls the traced service, one streaming request after the other."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.over = threading.Event()
        self.replies: list[Reply] = []

    def run(self) -> None:
        with httpx.Client(timeout=240) as client:
            for prompt, max_tokens in prompts(10_000):
                if self.over.is_set():
                    return
                self.replies.append(send(client, self.url, prompt, min(max_tokens, 12)))


@contextmanager
def running(callers: Callers) -> Iterator[None]:
    callers.start()
    try:
        yield
    finally:
        callers.over.set()
        callers.join(240)


def until(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.1)


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(
    tmp_path: Path, tiny_llama: Path
) -> None:
    ports = free_port(), free_port()
    data_dir = tmp_path / "data"
    since = datetime.now(timezone.utc) - timedelta(minutes=1)
    with ExitStack() as stack:
        server = stack.enter_context(start_server(data_dir, *ports))
        url = stack.enter_context(start_service(tiny_llama, server.grpc))
        callers = Callers(url)
        with sending(server.grpc, tmp_path / "load.log") as load, running(callers):
            until(lambda: load.read().acknowledged and callers.replies)
            before = len(load.read().acknowledged), len(callers.replies)
            os.kill(server.pid, signal.SIGKILL)
            until(lambda: load.read().refused)
            again = stack.enter_context(start_server(data_dir, *ports))
            until(lambda: len(load.read().acknowledged) > before[0])
            until(lambda: len(callers.replies) > before[1])
        log = load.read()
        found = read_back(again.http, callers.replies, Step("Reading the traces back"))
        assert wrong(again.http, log.acknowledged, since) == {}
    assert [reply for reply in callers.replies if not reply.ok] == []
    assert {reply.trace_id for reply in callers.replies} - set(found) == set()
