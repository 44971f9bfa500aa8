"""What the SDK sends of itself, and what other SDKs do, becomes a row of `processes`."""

from __future__ import annotations

import math

from axonize_server.ingest.gpu.decode import decode, read_request
from axonize_server.ingest.gpu.reports import MOST_HOOKS, MOST_REASONS
from axonize_server.model import Accepted

from axonize.export.health import describe_health
from axonize.otlp_metrics import encode_metrics
from tests.server.gpus import counter, decoded, gauge, metrics
from tests.server.rows import NOW_NS

RESOURCE = {
    "service.name": "chat",
    "service.instance.id": "one",
    "deployment.environment.name": "prod",
    "host.name": "node-1",
    "process.pid": 42,
    "process.command": "app.py",
    "process.runtime.name": "cpython",
    "process.runtime.version": "3.11.2",
    "telemetry.sdk.name": "axonize",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.version": "0.1",
}
STATUS = {
    "exported": 7,
    "waiting": 2,
    "dropped": {"buffer full": 3, "rejected": 1, "exit": 0},
    "patches": [
        ("torch", "torch:compile", "patched", ""),
        ("vllm", "vllm:LLM.gone", "missing", "vllm has no LLM.gone"),
    ],
}
EXPORTED, PROCESSED = "otel.sdk.exporter.span.exported", "otel.sdk.processor.span.processed"


def test_what_the_sdk_sends_is_what_is_stored() -> None:
    body = encode_metrics(RESOURCE, ("axonize", "0.1"), describe_health(STATUS, NOW_NS))
    found = decode([read_request("t", body)])
    gpus, processes = found.tables
    assert (gpus.num_rows, found.answers) == (0, [Accepted(8)])
    assert processes.to_pylist() == [
        {
            "tenant_id": "t",
            "instance_id": "one",
            "service_name": "chat",
            "environment": "prod",
            "host": "node-1",
            "command": "app.py",
            "runtime_name": "cpython",
            "runtime_version": "3.11.2",
            "sdk_name": "axonize",
            "sdk_language": "python",
            "sdk_version": "0.1",
            "pid": 42,
            "spans_exported": 7,
            "spans_waiting": 2,
            "spans_dropped": [("rejected", 1), ("queue_full", 3)],
            "hooks.integration": ["torch", "vllm"],
            "hooks.state": ["patched", "missing"],
            "hooks.count": [1, 1],
            "faults.integration": ["vllm"],
            "faults.state": ["missing"],
            "faults.target": ["vllm:LLM.gone"],
            "faults.detail": ["vllm has no LLM.gone"],
        }
    ]


def test_another_sdk_with_two_exporters_and_no_instance() -> None:
    resource = {"service.name": "java", "host.name": "h", "process.pid": 7}
    two = [
        counter(EXPORTED, 5, otel__component__name=name, **reason)
        for name in ("grpc/0", "http/0")
        for reason in ({}, {"error__type": "rejected"})
    ]
    found = decoded("t", metrics(*two, gauge("hw.power", 1.0), resource=resource))
    gpus, processes = found.tables
    assert gpus.num_rows == 1
    (row,) = processes.to_pylist()
    assert (row["instance_id"], row["spans_exported"]) == ("java h 7", 10)
    assert row["spans_dropped"] == [("rejected", 10)]


def test_a_request_without_such_metrics_is_no_process() -> None:
    assert decoded("t", metrics(gauge("hw.power", 1.0))).tables[1].num_rows == 0


def test_each_resource_is_a_process() -> None:
    first = metrics(counter(EXPORTED, 1), resource={**RESOURCE, "service.instance.id": "a"})
    second = metrics(counter(EXPORTED, 2), resource={**RESOURCE, "service.instance.id": "b"})
    first.resource_metrics.extend(second.resource_metrics)
    rows = decoded("t", first).tables[1].to_pylist()
    assert [(row["instance_id"], row["spans_exported"]) for row in rows] == [("a", 1), ("b", 2)]


def test_delta_sums_are_refused() -> None:
    delta = counter(EXPORTED, 5)
    delta.sum.aggregation_temporality = 1
    found = decoded("t", metrics(delta))
    assert found.tables[1].num_rows == 0
    assert (found.answers[0].rejected, found.answers[0].reasons) == (1, {"delta": 1})


def test_what_cannot_be_a_count_counts_nothing() -> None:
    values = (-1, -1.5, math.nan, math.inf, 2.0**70, 4.0)
    sent = [counter(EXPORTED, value) for value in values]
    (row,) = decoded("t", metrics(*sent, resource={"process.pid": -5})).tables[1].to_pylist()
    assert (row["spans_exported"], row["pid"]) == (4, 0)


def test_a_report_is_bounded() -> None:
    reasons = [counter(PROCESSED, 1, error__type=f"e{number}") for number in range(100)]
    hooks = [
        counter(
            "axonize.sdk.hooks", 1, axonize__integration=f"i{number}", axonize__hook__target=target
        )
        for number in range(MOST_HOOKS + 9)
        for target in ("", "t")
    ]
    (row,) = decoded("t", metrics(*reasons, *hooks)).tables[1].to_pylist()
    assert len(row["spans_dropped"]) == MOST_REASONS
    assert {len(row["hooks.state"]), len(row["faults.state"])} == {MOST_HOOKS}
