"""Rows for the table `spans`, with a default for every column, as ingest hands them over."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa

MINUTE_NS = 60_000_000_000
NOW_NS = time.time_ns() // MINUTE_NS * MINUTE_NS
"""A whole minute close to now, so that no row is older than its table keeps it."""

LABELS = pa.list_(pa.string())
ATTRIBUTES = pa.map_(pa.string(), pa.string())
TIMESTAMP = pa.timestamp("ns", tz="UTC")

DEFAULTS: dict[str, tuple[pa.DataType, object]] = {
    "tenant_id": (pa.string(), "default"),
    "trace_id": (pa.binary(16), None),
    "span_id": (pa.binary(8), None),
    "parent_span_id": (pa.binary(8), bytes(8)),
    "trace_state": (pa.string(), ""),
    "flags": (pa.uint32(), 1),
    "name": (pa.string(), "work"),
    "kind": (pa.string(), "internal"),
    "service_name": (pa.string(), "api"),
    "scope_name": (pa.string(), ""),
    "scope_version": (pa.string(), ""),
    "start_time": (TIMESTAMP, NOW_NS),
    "end_time": (TIMESTAMP, NOW_NS),
    "status": (pa.string(), "unset"),
    "status_message": (pa.string(), ""),
    "operation": (pa.string(), ""),
    "provider": (pa.string(), ""),
    "model": (pa.string(), ""),
    "response_model": (pa.string(), ""),
    "input_tokens": (pa.uint32(), 0),
    "output_tokens": (pa.uint32(), 0),
    "cached_tokens": (pa.uint32(), 0),
    "ttft_ms": (pa.float32(), 0.0),
    "tpot_ms": (pa.float32(), 0.0),
    "setup": (pa.bool_(), False),
    "gpu.label": (LABELS, []),
    "gpu.resource_uuid": (LABELS, []),
    "gpu.physical_uuid": (LABELS, []),
    "gpu.model": (LABELS, []),
    "gpu.vendor": (LABELS, []),
    "gpu.node_id": (LABELS, []),
    "attributes": (ATTRIBUTES, []),
    "attribute_types": (pa.string(), ""),
    "resource_attributes": (ATTRIBUTES, []),
    "resource_attribute_types": (pa.string(), ""),
    "events.time": (pa.list_(TIMESTAMP), []),
    "events.name": (LABELS, []),
    "events.attributes": (pa.list_(ATTRIBUTES), []),
    "events.attribute_types": (LABELS, []),
    "links.trace_id": (pa.list_(pa.binary(16)), []),
    "links.span_id": (pa.list_(pa.binary(8)), []),
    "links.trace_state": (LABELS, []),
    "links.attributes": (pa.list_(ATTRIBUTES), []),
    "links.attribute_types": (LABELS, []),
}


def row(
    trace: int, span: int, parent: int = 0, *, start_ms: float = 0, ms: float = 1, **columns: Any
):
    """Return a span; ids are numbers, its start is in ms after NOW_NS, it lasts `ms`."""
    start_ns = NOW_NS + round(start_ms * 1e6)
    return {
        **{name: default for name, (_, default) in DEFAULTS.items()},
        "trace_id": trace.to_bytes(16, "big"),
        "span_id": span.to_bytes(8, "big"),
        "parent_span_id": parent.to_bytes(8, "big"),
        "start_time": start_ns,
        "end_time": start_ns + round(ms * 1e6),
        **columns,
    }


def on_gpu(uuid: str) -> dict[str, list[str]]:
    """Return the columns of a span that ran on one GPU."""
    columns = {name: [""] for name in DEFAULTS if name.startswith("gpu.")}
    return {**columns, "gpu.resource_uuid": [uuid], "gpu.physical_uuid": [uuid]}


def table(tenant: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows of one tenant as the block that a writer takes."""
    columns = {
        name: pa.array([each[name] for each in rows], kind) for name, (kind, _) in DEFAULTS.items()
    }
    columns["tenant_id"] = pa.array([tenant] * len(rows))
    return pa.table(columns)


def trace_id(number: int) -> str:
    """Return the hex id of a trace number."""
    return f"{number:032x}"


def span_id(number: int) -> str:
    """Return the hex id of a span number."""
    return f"{number:016x}"
