"""Spans survive fork, spawn and exit, in real processes with a real collector."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.sdk.export.collectors import (
    Collector,
    fails,
    grpc_collector,
    hangs,
    http_collector,
    spans_of,
)

BEGIN = """
import multiprocessing, os, sys, threading, time
import axonize
axonize.init(service_name="s", flush_interval_ms=60_000)

def spans(*names):
    for name in names:
        with axonize.span(name):
            pass

def wait(*pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0

def fork(function):
    pid = os.fork()
    if pid == 0:
        try:
            function()
            sys.stdout.flush()
            os._exit(0)
        finally:
            os._exit(1)
    return pid
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with grpc_collector() as collector:
        yield collector


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run(
    folder: Path, program: str, endpoint: str, exit_code: int = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the program, which begins with BEGIN, in a process of its own."""
    path = folder / "program.py"
    path.write_text(BEGIN + program)
    environ = {
        **os.environ,
        "AXONIZE_ENDPOINT": endpoint,
        "AXONIZE_STATUS_DIR": str(folder / "status"),
        # A busy machine may take longer than a user would wait.
        "AXONIZE_EXIT_TIMEOUT_MS": "120000",
        "AXONIZE_EXPORT_TIMEOUT_MS": "120000",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, path], env=environ, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == exit_code, done.stderr
    return done


def instances(collector: Collector) -> dict[str, set[str]]:
    """The names of the spans of each service.instance.id."""
    found: dict[str, set[str]] = {}
    for request in collector.requests:
        attributes = request.resource_spans[0].resource.attributes
        (instance,) = [
            each.value.string_value for each in attributes if each.key == "service.instance.id"
        ]
        found.setdefault(instance, set()).update(span.name for span in spans_of(request))
    return found


def all_spans(collector: Collector) -> list[Any]:
    return [span for request in collector.requests for span in spans_of(request)]


@pytest.mark.parametrize(
    ("ending", "exit_code"), [("", 0), ("sys.exit(3)", 3), ("raise RuntimeError('host')", 1)]
)
def test_exit_sends_the_rest(
    collector: Collector, folder: Path, ending: str, exit_code: int
) -> None:
    run(folder, f"spans('a', 'b')\n{ending}", collector.address, exit_code)
    assert collector.names == ["a", "b"]
    assert list((folder / "status").iterdir()) == []


HURRY = """
from axonize import lifecycle, pipeline

def hurry(name):
    spans(name)
    pipeline.send_within(0.05)
    while not lifecycle._current.describe()["exported"]:
        time.sleep(0.01)
    os.kill(os.getpid(), 9)

pid = os.fork()
if pid == 0:
    hurry("child")
assert os.waitpid(pid, 0)[1] == 9
hurry("parent")
"""


def test_what_hurries_is_there_before_a_kill(collector: Collector, folder: Path) -> None:
    run(folder, HURRY, collector.address, exit_code=-9)
    assert collector.names == ["child", "parent"]


LATE = """
from axonize import late
from axonize.speed import Span

class Known:
    def __init__(self, at):
        self.at = at
    def ready(self):
        return time.monotonic() >= self.at
    def tell(self, span):
        span.set_attribute("told", True)

def end_late(name, seconds):
    late.end_when_known(Span(name), Known(time.monotonic() + seconds))

end_late("flushed", 0.3)
assert axonize.flush(120)
assert lifecycle._current.describe()["exported"] == 1
end_late("never", 1000)
assert not axonize.flush(0.1)
end_late("at the exit", 0.3)
"""


def test_spans_that_end_late_are_sent(collector: Collector, folder: Path) -> None:
    program = f"from axonize import lifecycle\n{LATE}"
    done = run(folder, program, collector.address, AXONIZE_EXIT_TIMEOUT_MS="8000")
    assert sorted(collector.names) == ["at the exit", "flushed", "never"]
    told = {span.name: len(span.attributes) for span in all_spans(collector)}
    assert told == {"at the exit": 1, "flushed": 1, "never": 0}
    assert done.stderr == ""


def test_nobody_but_their_own_thread_is_needed(collector: Collector, folder: Path) -> None:
    body = """
from axonize import late
from axonize.speed import Span
from types import SimpleNamespace

axonize.init(flush_interval_ms=20)
known = SimpleNamespace(ready=lambda: True, tell=lambda span: None)
late.end_when_known(Span("a"), known)
while not lifecycle._current.describe()["exported"]:
    time.sleep(0.01)
os.kill(os.getpid(), 9)
"""
    run(folder, f"from axonize import lifecycle\n{body}", collector.address, exit_code=-9)
    assert collector.names == ["a"]


def test_exit_without_a_collector_is_silent_about_nothing(folder: Path) -> None:
    with grpc_collector() as gone:
        pass
    for endpoint in (gone.address, f"http://{gone.address}/v1/traces"):
        done = run(folder, "spans('a')", endpoint, AXONIZE_EXIT_TIMEOUT_MS="2000")
        assert "spans lost: 1 (exit: " in done.stderr


def test_exit_without_spans_says_nothing(folder: Path) -> None:
    with grpc_collector() as gone:
        pass
    done = run(folder, "", gone.address)
    assert (done.stdout, done.stderr) == ("", "")


UNDER_WAY = """
from axonize import lifecycle
spans("a")
assert not axonize.flush(0.1)
while lifecycle._current.worker._exporter is None:
    time.sleep(0.01)
"""


def test_exit_with_a_collector_that_hangs(collector: Collector, folder: Path) -> None:
    collector.answers += [hangs(released := threading.Event())] * 9
    with http_collector() as web:
        web.answers += [lambda _: released.wait(60)] * 9
        for endpoint in (collector.address, web.url + "/v1/traces"):
            done = run(folder, UNDER_WAY, endpoint, AXONIZE_EXIT_TIMEOUT_MS="300")
            assert "spans lost: 1 (exit: " in done.stderr
        released.set()


def test_exit_during_back_off_tries_once_more(collector: Collector, folder: Path) -> None:
    collector.answers.append(fails(grpc.StatusCode.UNAVAILABLE))
    run(folder, "spans('a')\naxonize.flush(0.2)", collector.address)
    assert collector.names == ["a"]


FORK = """
with axonize.span("before"):
    pass
assert axonize.flush(120)
with axonize.span("parent"):
    child = fork(lambda: (spans("child"), axonize.flush(120) or sys.exit(1)))
wait(child)
spans("after")
"""


def assert_both_exported(collector: Collector) -> None:
    processes = sorted(instances(collector).values(), key=len)
    assert processes == [{"child"}, {"before", "parent", "after"}]
    by_name = {span.name: span for span in all_spans(collector)}
    assert len(all_spans(collector)) == len(by_name) == 4
    assert by_name["child"].parent_span_id == by_name["parent"].span_id
    assert by_name["child"].trace_id == by_name["parent"].trace_id


def test_fork_over_grpc(collector: Collector, folder: Path) -> None:
    done = run(folder, FORK, collector.address)
    assert_both_exported(collector)
    assert len(collector.connections) == 2
    assert done.stderr == ""


def test_fork_over_http(folder: Path) -> None:
    with http_collector() as collector:
        run(folder, FORK, collector.url + "/v1/traces")
        assert_both_exported(collector)


def test_fork_before_the_first_span(collector: Collector, folder: Path) -> None:
    program = """
children = [fork(lambda: (spans("child"), axonize.flush(120) or sys.exit(1))) for _ in range(3)]
assert threading.active_count() == 1
wait(*children)
"""
    run(folder, program, collector.address)
    assert list(instances(collector).values()) == [{"child"}] * 3


def test_what_waits_in_the_parent_is_not_sent_twice(collector: Collector, folder: Path) -> None:
    program = """
spans("a", "b")
wait(fork(lambda: (spans("child"), axonize.flush(120) or sys.exit(1))))
"""
    run(folder, program, collector.address)
    assert sorted(collector.names) == ["a", "b", "child"]


def test_grandchildren(collector: Collector, folder: Path) -> None:
    program = """
def child():
    spans("child")
    wait(fork(lambda: (spans("grandchild"), axonize.flush(120) or sys.exit(1))))
    assert axonize.flush(120)
spans("parent")
axonize.flush(120)
wait(fork(child))
"""
    run(folder, program, collector.address)
    assert sorted(collector.names) == ["child", "grandchild", "parent"]


def test_many_forks_while_the_parent_is_sending(collector: Collector, folder: Path) -> None:
    program = """
stop = threading.Event()
def keep_sending():
    while not stop.is_set():
        spans("parent")
        axonize.flush(120)
sender = threading.Thread(target=keep_sending)
sender.start()
for number in range(30):
    wait(fork(lambda: (spans("child"), axonize.flush(120) or sys.exit(1))))
    time.sleep(0.003 * (number % 5))
stop.set()
sender.join()
"""
    done = run(folder, program, collector.address)
    spans = all_spans(collector)
    children = [span.span_id for span in spans if span.name == "child"]
    parents = {span.span_id for span in spans if span.name == "parent"}
    # A request of the parent's that a fork cut short may have arrived, and is sent again.
    assert len(children) == len(set(children)) == 30
    assert parents.isdisjoint(children)
    assert done.stderr == ""


def test_fork_while_a_request_hangs(collector: Collector, folder: Path) -> None:
    hang = hangs(released := threading.Event())

    def answer(context: grpc.ServicerContext) -> Any:
        (folder / "hangs").touch()
        return hang(context)

    collector.answers.append(answer)
    program = f"""
spans("parent")
while not os.path.exists({str(folder / "hangs")!r}):
    assert not axonize.flush(0.3)
wait(fork(lambda: (spans("child"), axonize.flush(120) or sys.exit(1))))
assert axonize.flush(120)
"""
    run(folder, program, collector.address)
    released.set()
    assert sorted(collector.names) == ["child", "parent"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_children_send_the_rest(
    collector: Collector, folder: Path, method: str
) -> None:
    program = f"""
def work(name):
    spans(name)

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    spans("parent")
    children = [context.Process(target=work, args=(f"child {{n}}",)) for n in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
"""
    run(folder, program, collector.address)
    assert sorted(collector.names) == ["child 0", "child 1", "parent"]
    assert len(instances(collector)) == 3


def test_process_pool(collector: Collector, folder: Path) -> None:
    program = """
from concurrent.futures import ProcessPoolExecutor

def work(number):
    with axonize.span(f"work {number}"):
        return number

if __name__ == "__main__":
    spans("parent")
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(work, range(6))) == list(range(6))
"""
    run(folder, program, collector.address)
    assert sorted(collector.names) == ["parent", *[f"work {number}" for number in range(6)]]


def test_fork_keeps_the_settings(collector: Collector, folder: Path) -> None:
    program = """
axonize.init(service_name="named", sampling_rate=0.0)
def child():
    spans("lost")
    with axonize.span("kept") as span:
        span.set_status("error")
    assert axonize.flush(120)
wait(fork(child))
"""
    run(folder, program, collector.address)
    assert collector.names == ["kept"]
    (request,) = collector.requests
    attributes = request.resource_spans[0].resource.attributes
    assert "named" in [each.value.string_value for each in attributes]


def test_shut_down_stays_so_in_a_child(collector: Collector, folder: Path) -> None:
    program = """
axonize.shutdown()
def child():
    spans("nowhere")
    assert axonize.flush(0)
wait(fork(child))
"""
    run(folder, program, collector.address)
    assert collector.attempts == 0


def test_spans_that_end_while_the_interpreter_exits(collector: Collector, folder: Path) -> None:
    program = """
import atexit
spans("before")
class AtExit:
    def __del__(self):
        spans("too late")
forgotten = AtExit()
forgotten.self = forgotten
"""
    run(folder, program, collector.address)
    assert collector.names == ["before"]
