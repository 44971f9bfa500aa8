"""Reports of processes, as the SDK sends them."""

from __future__ import annotations

from typing import Any

from axonize.export.health import describe_health
from axonize.otlp_metrics import encode_metrics
from tests.server.rows import NOW_NS


def report(service: str, instance: str, **status: Any) -> bytes:
    """Return the request of a process with this status."""
    resource = {
        "service.name": service,
        "service.instance.id": instance,
        "host.name": "node-1",
        "process.pid": 42,
        "telemetry.sdk.name": "axonize",
        "telemetry.sdk.version": "0.1",
    }
    return encode_metrics(resource, ("axonize", "0.1"), describe_health(status, NOW_NS))
