"""A whole server with two tenants, each with data that is marked as its own."""

from __future__ import annotations

import io
import json
import time
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError

import pyarrow.parquet as pq
from axonize_server.api.exports import PARQUET
from axonize_server.api.times import format_time

from tests.server.gpus import gauge, metrics
from tests.server.ingest.otlp import body, span
from tests.server.processes import report
from tests.server.rows import NOW_NS
from tests.server.serving import call
from tests.server.steps import Rider, step

ADMIN_KEY = "operator-key-that-nobody-may-read"
SHARED_TRACE, SHARED_SPAN = 77, 78
BOX = {"box_from": format_time(NOW_NS), "box_to": format_time(NOW_NS + 1_000_000_000)}


@dataclass(frozen=True)
class Tenant:
    """A tenant: keys by scope, and what only its own data names."""

    name: str
    trace: int
    key: str
    prefix: str
    ingest_key: str
    read_key: str

    @property
    def mark(self) -> str:
        """A word that stands in everything that the tenant has sent."""
        return f"property-of-{self.name}"

    @property
    def parameters(self) -> dict[str, str]:
        """A value that leads to the tenant's own data, for each parameter that the API needs."""
        return {
            **BOX,
            "text": f"service:{self.mark}",
            "trace_id": f"{self.trace:032x}",
            "span_id": f"{self.trace:016x}",
            "uuid": f"GPU-{self.mark}",
            "tenant_id": self.name,
            "prefix": self.prefix,
        }


def ask(
    http: str,
    method: str,
    path: str,
    key: str | None,
    sent: object = None,
    cookie: str | None = None,
) -> tuple[int, str]:
    """Return status and text of the answer to a request of the REST API."""
    request = urllib.request.Request(http + path, method=method)
    if key is not None:
        request.add_header("Authorization", f"Bearer {key}")
    if cookie is not None:
        request.add_header("Cookie", cookie)
    if sent is not None:
        request.data = json.dumps(sent).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=240) as answer:
            return answer.status, _text(answer.headers.get_content_type(), answer.read())
    except HTTPError as error:
        return error.code, error.read().decode()


def _text(content_type: str, content: bytes) -> str:
    """Return what an answer says; a file in words."""
    if content_type == PARQUET:
        return str(pq.read_table(io.BytesIO(content)).to_pylist())
    return content.decode()


def manage(http: str, method: str, path: str, sent: object = None) -> Any:
    """Return what the admin API answers to whoever runs the server."""
    status, text = ask(http, method, f"/api/v1/admin/tenants{path}", ADMIN_KEY, sent)
    assert status in (200, 201, 204), text
    return json.loads(text) if text else None


def make_key(http: str, tenant: str, *scopes: str) -> tuple[str, str]:
    """Make a key; return it and its prefix."""
    made = manage(http, "POST", f"/{tenant}/keys", {"scopes": list(scopes)})
    return made["key"], made["api_key"]["prefix"]


def settle(http: str, name: str, trace: int) -> Tenant:
    """Make a tenant and let it send spans, an engine step and GPU metrics."""
    manage(http, "POST", "", {"tenant_id": name, "name": f"property-of-{name}"})
    key, prefix = make_key(http, name, "ingest", "read", "admin")
    tenant = Tenant(
        name, trace, key, prefix,
        make_key(http, name, "ingest")[0], make_key(http, name, "read")[0],
    )  # fmt: skip
    send(http, tenant.ingest_key, "traces", spans(tenant))
    send(http, tenant.ingest_key, "metrics", gpu_metrics(tenant))
    send(http, tenant.ingest_key, "metrics", report(tenant.mark, tenant.mark, exported=3))
    wait_until_registered(http, tenant)
    return tenant


def wait_until_registered(http: str, tenant: Tenant) -> None:
    """The registry of GPUs follows what is stored within some seconds: of spans and of metrics."""
    url = f"{http}/api/v1/gpus/GPU-{tenant.mark}"
    end = time.monotonic() + 300
    while True:
        status, content = call(url, Authorization=f"Bearer {tenant.key}")
        if status == 200:
            found = json.loads(content)
            if len(found["contexts_now"] + found["contexts_before"]) == 2:
                return
        assert time.monotonic() < end, content
        time.sleep(0.5)


def send(http: str, key: str, signal: str, sent: bytes) -> None:
    """Send OTLP."""
    status, answer = call(f"{http}/v1/{signal}", sent, Authorization=f"Bearer {key}")
    assert status == 200, answer


def spans(tenant: Tenant) -> bytes:
    """Return a trace of its own, one whose id another tenant has too, and an engine step."""
    mark = tenant.mark
    marked = {"gen_ai.request.model": mark, "gpu.0.resource_uuid": f"GPU-{mark}"}
    rider = Rider(mark, tenant.trace, tenant.trace)
    now = {"name": mark, "start_time_unix_nano": NOW_NS, "end_time_unix_nano": NOW_NS + 1_000_000}
    own = span(tenant.trace, marked, **now)
    shared = span(SHARED_SPAN, marked, trace_id=SHARED_TRACE.to_bytes(16, "big"), **now)
    ridden = step(1, [rider], engine=mark)
    return body(own, shared, ridden, resource={"service.name": mark, "host.name": mark})


def gpu_metrics(tenant: Tenant) -> bytes:
    """Return a reading of its GPU."""
    uuid = f"GPU-{tenant.mark}"
    sent = gauge("hw.gpu.utilization", 0.5, hw__id=uuid)
    return metrics(sent, resource={"host.name": tenant.mark}).SerializeToString()
