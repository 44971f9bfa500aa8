"""OTLP metric requests to rows of `gpu_metrics`, and of `processes`: a loop over few points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    Metric,
    NumberDataPoint,
)

from axonize_server.gpus import Identity
from axonize_server.ingest.bounds import check_parsed_bytes, describe
from axonize_server.ingest.gpu import faults, reports
from axonize_server.ingest.gpu.identities import INFO, read_identity
from axonize_server.ingest.gpu.names import (
    COLUMNS,
    EMITTERS,
    FREE,
    PARTS_OF_MEMORY,
    RESERVED,
    Emitter,
    Rule,
)
from axonize_server.ingest.gpu.points import Texts, points_of, texts_of
from axonize_server.ingest.gpu.reports import Report
from axonize_server.ingest.rows import Rows
from axonize_server.model import Accepted, MalformedRequest

MAX_MESSAGES = 100_000
"""Of metrics and their points in a request; each takes some microseconds."""
_ROW_BYTES = 400
_LAST_TIME = 2**63 - 1  # what DateTime64(9) holds: 2262-04-11
_ALL_COLUMNS = {**COLUMNS, **PARTS_OF_MEMORY}
_MESSAGES = describe(ExportMetricsServiceRequest.DESCRIPTOR)
_ROUNDING = 1e-3  # a share of 1 may be measured a little larger


class Request(NamedTuple):
    """One request that was read but not yet turned into rows."""

    tenant: str
    message: ExportMetricsServiceRequest
    stored_bytes: int


class Key(NamedTuple):
    """What the points of one row have in common; unknown parts are empty."""

    time_ns: int
    host: str
    physical_uuid: str
    resource_uuid: str
    emitter: str


DETAILS = ("model", "vendor", "power_source")
Row = dict[str, Any]


class Decoder:
    """Takes requests, then returns the rows of all of them; `note` is told what GPUs are."""

    def __init__(self, note: Callable[[Identity], object] = lambda _: None) -> None:
        self._requests: list[Request] = []
        self._note = note

    def add(self, tenant: str, body: bytes) -> int:
        """Read a request and return about how large it becomes; raises MalformedRequest."""
        request = read_request(tenant, body)
        self._requests.append(request)
        return request.stored_bytes

    def finish(self) -> list[Rows]:
        """Return the rows of all requests that were added."""
        return [decode(self._requests, self._note)] if self._requests else []


def read_request(tenant: str, body: bytes) -> Request:
    """Parse an ExportMetricsServiceRequest; raises MalformedRequest."""
    check_parsed_bytes(body, _MESSAGES)
    try:
        message = ExportMetricsServiceRequest.FromString(body)
    except DecodeError as error:
        reason = f"the body is not an OTLP ExportMetricsServiceRequest: {error}"
        raise MalformedRequest(reason) from error
    return Request(tenant, message, len(body) + _count(message) * _ROW_BYTES)


def _count(message: ExportMetricsServiceRequest) -> int:
    messages = 0
    for size in _sizes(message):
        messages += size
        if messages > MAX_MESSAGES:
            raise MalformedRequest(
                f"the request holds more than {MAX_MESSAGES} metrics and points; send fewer in each"
            )
    return messages


def _sizes(message: ExportMetricsServiceRequest) -> Iterator[int]:
    for resource_metrics in message.resource_metrics:
        yield 1
        for scope_metrics in resource_metrics.scope_metrics:
            yield 1
            for metric in scope_metrics.metrics:
                yield 1 + len(points_of(metric))


def decode(
    requests: Sequence[Request], note: Callable[[Identity], object] = lambda _: None
) -> Rows:
    """Turn requests into one table; points that are faulty are left out and counted."""
    readings = [_read(request.tenant, request.message, note) for request in requests]
    sizes = [len(reading.rows) for reading in readings]
    tenants = [
        request.tenant for request, size in zip(requests, sizes, strict=True) for _ in range(size)
    ]
    rows = [(key, row) for reading in readings for key, row in reading.rows.items()]
    answers = [reading.answer() for reading in readings]
    processes = [
        report.row(request.tenant)
        for request, reading in zip(requests, readings, strict=True)
        for report in reading.reports
    ]
    tables = (_table(tenants, rows), reports.table(processes))
    return Rows(list(range(len(requests))), tables, answers)


class _Reading:
    """The rows of one request, while it is read."""

    def __init__(self, tenant: str, note: Callable[[Identity], object]) -> None:
        self._tenant = tenant
        self._note = note
        self.rows: dict[Key, Row] = {}
        self.reports: list[Report] = []
        self.faults = faults.Faults()
        self._stored = 0

    def answer(self) -> Accepted:
        return self.faults.answer(self._stored)

    def add(self, resource: Texts, report: Report, metric: Metric) -> None:
        """Take the points of a metric.

        What GPUs do becomes rows, what they are is noted, what the sender says of itself is
        reported.
        """
        emitter, points = EMITTERS.get(metric.name), points_of(metric)
        is_other = metric.name in reports.METRICS or metric.name == INFO
        if metric.WhichOneof("data") not in ("gauge", "sum"):
            self.faults.add(faults.UNSUPPORTED_TYPE, metric.name, len(points))
        elif emitter is None and not is_other:
            self.faults.add(faults.UNKNOWN_METRIC, metric.name, len(points))
        elif metric.sum.aggregation_temporality == _DELTA:
            self.faults.add(faults.DELTA, metric.name, len(points))
        elif metric.name == INFO:
            for point in points:
                self._identify(resource, point)
        elif emitter is None:
            self._stored += report.add(metric)
        else:
            for point in points:
                self._add_point(emitter, metric.name, resource, point)

    def _identify(self, resource: Texts, point: NumberDataPoint) -> None:
        identity = read_identity(self._tenant, resource, point)
        if identity is None:
            self.faults.add(faults.NO_GPU, INFO)
        else:
            self._stored += 1
            self._note(identity)

    def _add_point(
        self, emitter: Emitter, metric: str, resource: Texts, point: NumberDataPoint
    ) -> None:
        if point.flags & _NO_VALUE:  # how a series says that it ends
            return
        attributes = texts_of(point.attributes)
        rule = _rule(emitter.metrics[metric], attributes)
        key = _key(emitter, attributes, resource, point.time_unix_nano)
        value = None if rule is None else _value(rule, point)
        if rule is None:
            self.faults.add(faults.OTHER_PART, metric)
        elif not key.resource_uuid:
            self.faults.add(faults.NO_GPU, metric)
        elif not key.time_ns:
            self.faults.add(faults.NO_TIME, metric)
        elif value is None:
            self.faults.add(faults.INVALID_VALUE, metric)
        else:
            self._stored += 1
            row = self.rows.setdefault(key, {})
            row[rule.column] = value
            row.update(_details(emitter, attributes))


_DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
_NO_VALUE = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK


def _read(
    tenant: str, message: ExportMetricsServiceRequest, note: Callable[[Identity], object]
) -> _Reading:
    reading = _Reading(tenant, note)
    for resource_metrics in message.resource_metrics:
        resource = texts_of(resource_metrics.resource.attributes)
        report = Report(resource_metrics.resource)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                reading.add(resource, report, metric)
        if report.points:
            reading.reports.append(report)
    return reading


def _rule(rules: Sequence[Rule], attributes: Texts) -> Rule | None:
    for rule in rules:
        if all(attributes.get(key, "") in values for key, values in rule.where.items()):
            return rule
    return None


def _value(rule: Rule, point: NumberDataPoint) -> float | None:
    """Return the value in the unit of the column; None when it cannot be one."""
    kind = point.WhichOneof("value")
    if kind is None:
        return None
    number: float = getattr(point, kind)
    if rule.scale != 1.0:
        number *= rule.scale
    column = _ALL_COLUMNS[rule.column]
    if not column.low <= number <= column.high + _ROUNDING or math.isnan(number):
        return None
    number = min(number, column.high)
    return round(number) if column.type == pa.uint64() else number


def _key(emitter: Emitter, attributes: Texts, resource: Texts, time_ns: int) -> Key:
    uuid = _first(emitter.resource_uuid, attributes)
    instance = attributes.get(emitter.instance, "")
    parent = uuid if instance else _first(emitter.parent, attributes)
    is_instance = uuid.startswith("MIG-")
    return Key(
        time_ns=min(time_ns, _LAST_TIME),
        host=_first(emitter.host, attributes) or resource.get("host.name", ""),
        physical_uuid=parent if parent.startswith("GPU-") else "" if is_instance else uuid,
        resource_uuid=f"{uuid}:{instance}" if uuid and instance else uuid,
        emitter="axonize" if resource.get("telemetry.sdk.name") == "axonize" else emitter.name,
    )


def _details(emitter: Emitter, attributes: Texts) -> Row:
    found = {name: _first(getattr(emitter, name), attributes) for name in DETAILS}
    return {name: text for name, text in found.items() if text}


def _first(keys: Sequence[str], attributes: Texts) -> str:
    return next((attributes[key] for key in keys if attributes.get(key)), "")


def _table(tenants: list[str], rows: list[tuple[Key, Row]]) -> pa.Table:
    keys = [key for key, _ in rows]
    measured = [_completed(row) for _, row in rows]
    texts = ("host", "physical_uuid", "resource_uuid", "emitter")
    return pa.table(
        {
            "tenant_id": pa.array(tenants, pa.string()),
            "time": pa.array([key.time_ns for key in keys], pa.timestamp("ns", "UTC")),
            **{name: pa.array([getattr(key, name) for key in keys], pa.string()) for name in texts},
            **{
                name: pa.array([row.get(name, "") for row in measured], pa.string())
                for name in DETAILS
            },
            **{
                name: pa.array([row.get(name) for row in measured], column.type)
                for name, column in COLUMNS.items()
            },
        }
    )


def _completed(row: Row) -> Row:
    """Add how much memory there is where a sender says how much is free."""
    if FREE in row and "memory_used_bytes" in row and "memory_total_bytes" not in row:
        total = row["memory_used_bytes"] + row[FREE] + row.get(RESERVED, 0)
        return {**row, "memory_total_bytes": total}
    return row
