from __future__ import annotations

import time

import pytest
from axonize_server.ingest.gpu.decode import decode, read_request
from axonize_server.model import InvalidQuery
from axonize_server.processes import HookCount, HookFault, Process, SilentService
from axonize_server.query import processes
from axonize_server.store.clickhouse.processes import reader as module

from tests.server.processes import report
from tests.server.rows import row, table

HOUR_NS = 3_600_000_000_000
PATCHES = [("vllm", "vllm:LLM.a", "patched", ""), ("vllm", "vllm:LLM.b", "missing", "no b")]


@pytest.fixture
def told(gpu_writer, tenant):
    """Store the report of a process."""

    def tell(*sent: bytes) -> None:
        gpu_writer.insert(*decode([read_request(tenant, body) for body in sent]).tables)

    return tell


@pytest.fixture
def seen(process_reader, minute_reader, tenant):
    """Ask for the processes of the last hour."""

    def ask(ago_ns: int = HOUR_NS, tenant: str = tenant):
        now_ns = time.time_ns()
        return processes.seen(process_reader, minute_reader, tenant, now_ns - ago_ns, now_ns)

    return ask


def test_the_newest_report_of_each_process(told, seen):
    told(report("chat", "one", exported=1), report("chat", "two", exported=9))
    told(report("chat", "one", exported=5, dropped={"buffer full": 2}, patches=PATCHES))
    (one, two), more, silent = seen()
    assert (more, silent) == (False, [])
    assert abs(time.time_ns() - one.last_ns) < HOUR_NS
    assert one == Process(
        instance_id="one",
        last_ns=one.last_ns,
        service_name="chat",
        environment="",
        host="node-1",
        pid=42,
        command="",
        runtime_name="",
        runtime_version="",
        sdk_name="axonize",
        sdk_language="",
        sdk_version="0.1",
        spans_exported=5,
        spans_waiting=0,
        spans_dropped={"queue_full": 2},
        hooks=[HookCount("vllm", "missing", 1), HookCount("vllm", "patched", 1)],
        faults=[HookFault("vllm", "missing", "vllm:LLM.b", "no b")],
    )
    assert (two.instance_id, two.spans_exported) == ("two", 9)


def test_services_of_which_nobody_reports(told, seen, writer, tenant):
    told(report("chat", "one", exported=1))
    now = time.time_ns()  # in a minute that is not counted yet
    spans = [
        row(1, 1, service_name="chat", end_time=now),
        row(1, 2, service_name="java", end_time=now),
        row(1, 3, service_name="java", model="llama", end_time=now),
    ]
    writer.insert(table(tenant, spans))
    found, more, silent = seen()
    assert ([each.service_name for each in found], more) == (["chat"], False)
    assert silent == [SilentService("java", 2)]


def test_a_service_that_is_left_out_of_a_long_list_is_not_silent(
    told, seen, writer, tenant, monkeypatch
):
    monkeypatch.setattr(module, "MOST_PROCESSES", 2)
    for service in ("oldest", "older", "newest"):
        told(report(service, service))
    spans = [
        row(1, number, service_name=service, end_time=time.time_ns())
        for number, service in enumerate(("oldest", "java"), 1)
    ]
    writer.insert(table(tenant, spans))
    found, more, silent = seen()
    assert {each.service_name for each in found} < {"oldest", "older", "newest"}
    assert (len(found), more) == (2, True)
    assert silent == [SilentService("java", 1)]


def test_what_was_seen_before_is_not_asked_for(told, seen):
    told(report("chat", "one"))
    time.sleep(0.01)
    assert seen(1_000_000) == ([], False, [])


def test_nobody_else_is_told(told, seen):
    told(report("chat", "one"))
    assert seen(tenant="somebody-else") == ([], False, [])


def test_a_time_to_come_is_refused(seen):
    with pytest.raises(InvalidQuery, match="before now"):
        seen(0)
