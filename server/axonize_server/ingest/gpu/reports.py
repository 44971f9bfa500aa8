"""What a process says of its own telemetry: OpenTelemetry's SDK metrics to a row of `processes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from axonize_server.ingest.gpu.points import Texts, points_of, texts_of

MOST_REASONS = 20
MOST_HOOKS = 500
_LARGEST = 2**63 - 1
_COUNTS = pa.map_(pa.string(), pa.uint64())
_TEXTS = {
    "service_name": "service.name",
    "environment": "deployment.environment.name",
    "host": "host.name",
    "command": "process.command",
    "runtime_name": "process.runtime.name",
    "runtime_version": "process.runtime.version",
    "sdk_name": "telemetry.sdk.name",
    "sdk_language": "telemetry.sdk.language",
    "sdk_version": "telemetry.sdk.version",
}
_HOOKS = ("integration", "state", "count")
_FAULTS = ("integration", "state", "target", "detail")


class Report:
    """What one resource of a request says of itself, while its metrics are read."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self.exported = self.waiting = self.points = 0
        self.dropped: dict[str, int] = {}
        self.hooks: list[tuple[str, str, int]] = []
        self.faults: list[tuple[str, str, str, str]] = []

    def add(self, metric: Metric) -> int:
        """Take a metric of METRICS, and return how many points it has."""
        take, points = METRICS[metric.name], points_of(metric)
        for point in points:
            take(self, _count(point), texts_of(point.attributes))
        self.points += len(points)
        return len(points)

    def take_exported(self, count: int, attributes: Texts) -> None:
        """Spans that an exporter is done with: they arrived, or why they did not."""
        if attributes.get("error.type"):
            self.take_processed(count, attributes)
        else:
            self.exported += count

    def take_processed(self, count: int, attributes: Texts) -> None:
        """Spans that a processor is done with; what is not lost the exporter counts."""
        reason = attributes.get("error.type")
        if reason and (reason in self.dropped or len(self.dropped) < MOST_REASONS):
            self.dropped[reason] = self.dropped.get(reason, 0) + count

    def take_queue(self, count: int, _: Texts) -> None:
        """Spans that wait."""
        self.waiting += count

    def take_hook(self, count: int, attributes: Texts) -> None:
        """Hooks of an integration in a state, or one that has a name."""
        integration = attributes.get("axonize.integration", "")
        state = attributes.get("axonize.hook.state", "")
        target = attributes.get("axonize.hook.target", "")
        if target and len(self.faults) < MOST_HOOKS:
            detail = attributes.get("axonize.hook.detail", "")
            self.faults.append((integration, state, target, detail))
        elif not target and len(self.hooks) < MOST_HOOKS:
            self.hooks.append((integration, state, count))

    def row(self, tenant: str) -> dict[str, Any]:
        """Return the columns of `processes`."""
        resource = texts_of(self._resource.attributes)
        texts = {column: resource.get(key, "") for column, key in _TEXTS.items()}
        pid = _pid(self._resource)
        name = f"{texts['service_name']} {texts['host']} {pid}"
        return {
            "tenant_id": tenant,
            "instance_id": resource.get("service.instance.id") or name,
            **texts,
            "pid": pid,
            "spans_exported": min(self.exported, _LARGEST),
            "spans_waiting": min(self.waiting, _LARGEST),
            "spans_dropped": [(why, min(count, _LARGEST)) for why, count in self.dropped.items()],
            **_nested("hooks", _HOOKS, self.hooks),
            **_nested("faults", _FAULTS, self.faults),
        }


METRICS: Mapping[str, Callable[[Report, int, Texts], None]] = {
    "otel.sdk.exporter.span.exported": Report.take_exported,
    "otel.sdk.processor.span.processed": Report.take_processed,
    "otel.sdk.processor.span.queue.size": Report.take_queue,
    "axonize.sdk.hooks": Report.take_hook,
}


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows of Report.row() as a table."""
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in _COLUMNS})


_COLUMNS = [
    *((name, pa.string()) for name in ("tenant_id", "instance_id", *_TEXTS)),
    *((name, pa.uint64()) for name in ("pid", "spans_exported", "spans_waiting")),
    ("spans_dropped", _COUNTS),
    *(
        (f"hooks.{name}", pa.list_(pa.uint64() if name == "count" else pa.string()))
        for name in _HOOKS
    ),
    *((f"faults.{name}", pa.list_(pa.string())) for name in _FAULTS),
]


def _count(point: NumberDataPoint) -> int:
    """Return the value of a point as a count; 0 for one that cannot be."""
    value = point.as_double if point.WhichOneof("value") == "as_double" else point.as_int
    return int(value) if 0 <= value <= _LARGEST else 0


def _pid(resource: Resource) -> int:
    for pair in resource.attributes:
        if pair.key == "process.pid":
            return max(int(pair.value.int_value), 0)
    return 0


def _nested(name: str, parts: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {f"{name}.{part}": [row[place] for row in rows] for place, part in enumerate(parts)}
