"""What a process reports of its own telemetry, to a real collector."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from axonize.endpoint import parse_endpoint
from axonize.export import health
from axonize.export.exporter import Receipt, Retryable
from axonize.export.grpc import GRPCExporter
from axonize.export.health import MOST_FAULTS, HealthExport
from tests.sdk.export.collectors import Collector, fails

DROPS = {"buffer full": 0, "sampling buffer full": 0, "rejected": 0, "exit": 0}
STATUS = {
    "exported": 7,
    "waiting": 2,
    "dropped": {**DROPS, "buffer full": 3, "rejected": 1},
    "patches": [
        ("torch", "torch:Module.__call__", "patched", ""),
        ("torch", "torch:compile", "waiting", ""),
        ("vllm", "vllm:LLM.generate", "patched", ""),
        ("vllm", "vllm:LLM.gone", "missing", "vllm has no LLM.gone"),
    ],
}
COMPONENT = {
    "otel.component.type": "axonize_worker",
    "otel.component.name": "axonize_worker/0",
}
Send = Callable[[bytes, float], Receipt]


@pytest.fixture
def send(collector: Collector) -> Iterator[Send]:
    exporter = GRPCExporter(parse_endpoint(collector.address), {})
    yield exporter.send_metrics
    exporter.close()


def make_export(status: dict[str, Any], send: Send, **options: Any) -> HealthExport:
    options = {"interval_s": 60.0, "timeout_s": 10.0, **options}
    return HealthExport(lambda: status, send, {"process.pid": 42}, ("axonize", "1"), **options)


def reported(collector: Collector) -> list[dict[str, list[tuple[int, dict[str, str]]]]]:
    """Return value and attributes of the points by metric, of every request."""
    return [
        {
            metric.name: [
                (point.as_int, {pair.key: pair.value.string_value for pair in point.attributes})
                for point in metric.sum.data_points
            ]
            for metric in request.resource_metrics[0].scope_metrics[0].metrics
        }
        for request in collector.metrics
    ]


def test_report(collector: Collector, send: Send) -> None:
    make_export(STATUS, send).refresh()
    hook = {"axonize.integration": "vllm", "axonize.hook.state": "missing"}
    assert reported(collector) == [
        {
            "otel.sdk.exporter.span.exported": [
                (7, COMPONENT),
                (1, {**COMPONENT, "error.type": "rejected"}),
            ],
            "otel.sdk.processor.span.processed": [
                (8, COMPONENT),
                (3, {**COMPONENT, "error.type": "queue_full"}),
            ],
            "otel.sdk.processor.span.queue.size": [(2, COMPONENT)],
            "axonize.sdk.hooks": [
                (1, {"axonize.integration": "torch", "axonize.hook.state": "patched"}),
                (1, {"axonize.integration": "torch", "axonize.hook.state": "waiting"}),
                (1, hook),
                (1, {"axonize.integration": "vllm", "axonize.hook.state": "patched"}),
                (
                    1,
                    {
                        **hook,
                        "axonize.hook.target": "vllm:LLM.gone",
                        "axonize.hook.detail": "vllm has no LLM.gone",
                    },
                ),
            ],
        }
    ]
    (resource_metrics,) = collector.metrics[0].resource_metrics
    (pid,) = resource_metrics.resource.attributes
    assert (pid.key, pid.value.int_value) == ("process.pid", 42)
    assert {metric.unit for metric in resource_metrics.scope_metrics[0].metrics} == {
        "{span}",
        "{hook}",
    }


def test_nothing_new_waits_and_a_loss_does_not(
    collector: Collector, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(1000.0, health.LOOK_EVERY_S)  # every look finds the next one due
    monkeypatch.setattr(health.time, "monotonic", lambda: next(clock))
    status: dict[str, Any] = {"exported": 1, "dropped": dict(DROPS)}
    export = make_export(status, send)
    for _ in range(5):
        export.refresh()
        status["exported"] += 1
    assert len(collector.metrics) == 1
    status["dropped"] = {**DROPS, "exit": 4}
    export.refresh()
    assert reported(collector)[1]["otel.sdk.exporter.span.exported"] == [
        (6, COMPONENT),
        (4, {**COMPONENT, "error.type": "exit"}),
    ]
    for _ in range(12):
        export.refresh()
    assert len(collector.metrics) == 3  # the interval is over


def test_the_last_numbers_are_sent(collector: Collector, send: Send) -> None:
    status = {"exported": 1}
    export = make_export(status, send)
    export.refresh()
    status["exported"] = 9
    export.refresh()
    assert len(collector.metrics) == 1
    export.end()
    export.refresh()
    assert reported(collector)[1]["otel.sdk.exporter.span.exported"] == [(9, COMPONENT)]


def test_a_collector_of_traces_alone_is_left_alone(collector: Collector, send: Send) -> None:
    collector.answers.append(fails(grpc.StatusCode.UNIMPLEMENTED))
    export = make_export(STATUS, send)
    export.end()
    for _ in range(3):
        export.refresh()
    assert collector.attempts == 1


def test_points_that_are_refused_are_not_sent_again_soon() -> None:
    sent = []

    def refuse(request: bytes, timeout_s: float) -> Receipt:
        sent.append(request)
        return Receipt(5, "unknown metrics")

    export = make_export(STATUS, refuse)
    export.end()
    for _ in range(3):
        export.refresh()
    assert len(sent) == 1


def test_a_failure_is_forgotten(collector: Collector, send: Send) -> None:
    def fail(request: bytes, timeout_s: float) -> Receipt:
        raise Retryable("down")

    sends = iter([fail, send])
    export = make_export(STATUS, lambda *given: next(sends)(*given))
    export.end()
    export.refresh()
    export.refresh()
    assert len(collector.metrics) == 1


def test_switched_off_or_nobody_there(collector: Collector, send: Send) -> None:
    make_export(STATUS, send, interval_s=0).refresh()
    make_export(STATUS, send, may_send=lambda: False).refresh()
    assert (collector.metrics, collector.attempts) == ([], 0)


def test_a_report_is_bounded() -> None:
    rows = [("x", f"m:{'t' * 999}", "failed", "d" * 999)] * 1000
    (*_, hooks) = health.describe_health({"patches": rows}, time.time_ns())
    assert (len(hooks.points), hooks.points[0].value) == (1 + MOST_FAULTS, 1000)
    assert all(len(text) <= 200 for point in hooks.points for text in point.attributes.values())
