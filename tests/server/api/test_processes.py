from __future__ import annotations

import time

from axonize_server.ingest.gpu.decode import decode, read_request

from tests.server.processes import report
from tests.server.rows import row, table

PATCHES = [("vllm", "vllm:LLM.a", "patched", ""), ("vllm", "vllm:LLM.b", "missing", "no b")]


def test_processes(client, gpu_writer, writer, tenant):
    sent = report("chat", "one", exported=5, dropped={"buffer full": 2}, patches=PATCHES)
    gpu_writer.insert(*decode([read_request(tenant, sent)]).tables)
    writer.insert(table(tenant, [row(1, 1, service_name="java", end_time=time.time_ns())]))
    answer = client.get("/api/v1/processes").json()
    assert answer["items"][0].pop("last_seen").endswith("Z")
    assert answer == {
        "items": [
            {
                "service_name": "chat",
                "instance_id": "one",
                "environment": None,
                "host": "node-1",
                "pid": 42,
                "command": None,
                "runtime": None,
                "sdk": {"name": "axonize", "language": None, "version": "0.1"},
                "spans_exported": 5,
                "spans_waiting": 0,
                "spans_dropped": {"queue_full": 2},
                "hooks": [
                    {"integration": "vllm", "state": "missing", "count": 1},
                    {"integration": "vllm", "state": "patched", "count": 1},
                ],
                "faults": [
                    {
                        "integration": "vllm",
                        "state": "missing",
                        "target": "vllm:LLM.b",
                        "detail": "no b",
                    }
                ],
            }
        ],
        "more": False,
        "silent_services": [{"service_name": "java", "spans": 1}],
    }


def test_nobody_reported_since(client):
    answer = client.get("/api/v1/processes", params={"from": "2020-01-01T00:00:00Z"})
    assert answer.json() == {"items": [], "more": False, "silent_services": []}


def test_a_time_to_come_is_a_400(client):
    answer = client.get("/api/v1/processes", params={"from": "2199-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "from: expected a time before now",
    )
