"""GPUs of two nodes as an OpenTelemetry collector sends them, and requests that ran on them."""

from __future__ import annotations

import math
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics

from tests.server.ingest.otlp import pairs
from tests.ui.seeding import MODEL, MS, Seeder

GIB = 2**30
SECOND_NS = 1_000_000_000
CUMULATIVE = 2
HW_SLOWDOWN, SW_POWER_CAP, IDLE = 8, 4, 1

WHOLE = "GPU-5b5c6f1e-0f3a-4d52-9d0e-000000000001"
SPLIT = "GPU-77e10b42-0f3a-4d52-9d0e-000000000002"
PARTS = tuple(f"MIG-{each}a2c9d10-0f3a-4d52-9d0e-00000000000{each}" for each in (1, 2))
FAR = "GPU-c0ffee00-0f3a-4d52-9d0e-000000000003"
AWS = {
    "cloud.provider": "aws",
    "cloud.region": "eu-central-1",
    "cloud.availability_zone": "eu-central-1a",
    "host.id": "i-0123456789abcdef0",
    "host.type": "p5.48xlarge",
}
UNMEASURED = "GPU-feedbeef-0f3a-4d52-9d0e-000000000004"


@dataclass
class GpuSeeder:
    """Collects points of GPUs and sends them in one request."""

    http: str
    hosts: dict[str, ResourceMetrics] = field(default_factory=dict)
    request: ExportMetricsServiceRequest = field(default_factory=ExportMetricsServiceRequest)

    def sample(self, host: str, uuid: str, time_ns: int, parent: str = "", **values: float) -> None:
        """Add points of one GPU and time; names of metrics are written with `__` for a dot."""
        for name, value in values.items():
            metric = self._metric(host, name.replace("__", "."))
            point = metric.add(time_unix_nano=time_ns, as_double=value)
            texts = {"hw.id": uuid, "hw.type": "gpu", "hw.model": "NVIDIA H100 80GB HBM3"}
            if parent:
                texts["hw.parent"] = parent
            for key, text in texts.items():
                point.attributes.add(key=key).value.string_value = text

    def identify(self, host: str, uuid: str, time_ns: int, parent: str = "", **facts: Any) -> None:
        """Add what a GPU is: attributes of `axonize.gpu.`, with `__` for a dot."""
        point = self._metric(host, "axonize.gpu.info").add(time_unix_nano=time_ns, as_int=1)
        named = {f"axonize.gpu.{name.replace('__', '.')}": fact for name, fact in facts.items()}
        who = {"hw.id": uuid, "hw.type": "gpu", "hw.driver_version": "580.95.05"}
        point.attributes.extend(
            pairs({**who, **({"hw.parent": parent} if parent else {}), **named})
        )

    def _metric(self, host: str, name: str):
        if host not in self.hosts:
            self.hosts[host] = self.request.resource_metrics.add()
            place = AWS if host == "gpu-node-07" else {}
            self.hosts[host].resource.attributes.extend(pairs({"host.name": host, **place}))
            self.hosts[host].scope_metrics.add()
        metric: Metric = self.hosts[host].scope_metrics[0].metrics.add(name=name)
        if name == "hw.energy":
            metric.sum.aggregation_temporality = CUMULATIVE
            return metric.sum.data_points
        return metric.gauge.data_points

    def send(self) -> None:
        """Send what was added; an answer means that it is stored."""
        sent = urllib.request.Request(
            self.http + "/v1/metrics",
            self.request.SerializeToString(),
            {"Content-Type": "application/x-protobuf"},
        )
        with urllib.request.urlopen(sent) as answer:
            assert answer.read() == b""  # all of it was taken
        self.request.Clear()
        self.hosts.clear()


def seed_gpus(http: str) -> int:
    """Fill a server with half an hour of four GPUs; return when the last sample was, Unix ns."""
    now = time.time_ns() // SECOND_NS * SECOND_NS
    seeder = GpuSeeder(http)
    for before in range(1_800, -1, -5):
        _whole(seeder, now - before * SECOND_NS, 1_800 - before)
        _split(seeder, now - before * SECOND_NS, before)
    silent = now - 600 * SECOND_NS
    seeder.sample("gpu-node-08", FAR, silent, hw__gpu__utilization=0.0, hw__power=71.4)
    _identify(seeder, now)
    seeder.send()
    _requests(http, now)
    return now


def _identify(seeder: GpuSeeder, time_ns: int) -> None:
    """Say what the cards of the first node are; of the others nobody says it."""
    node = "gpu-node-07"
    hopper = {"architecture": "Hopper", "compute_capability": "9.0", "cuda_version": "13.0"}
    link = {"nvlink__peers": [FAR, UNMEASURED]}
    seeder.identify(node, WHOLE, time_ns, **hopper, pci_bus_id="00000000:1B:00.0", **link)
    seeder.identify(node, SPLIT, time_ns, **hopper, pci_bus_id="00000000:43:00.0", numa_node=1)
    for number, (part, profile) in enumerate(zip(PARTS, ("3g.40gb", "2g.20gb"), strict=True)):
        share = {"mig__sm_share": (60, 32)[number] / 132, "mig__profile": profile}
        ids = {"mig__gpu_instance_id": number + 1, "mig__compute_instance_id": 0}
        seeder.identify(node, part, time_ns, SPLIT, **share, **ids)


def _whole(seeder: GpuSeeder, time_ns: int, second: int) -> None:
    busy = 0.62 + 0.33 * math.sin(second / 90) if second < 1_500 else 0.97
    bits = SW_POWER_CAP if busy > 0.9 else 0
    seeder.sample(
        "gpu-node-07",
        WHOLE,
        time_ns,
        hw__gpu__utilization=min(busy, 1.0),
        hw__gpu__memory__usage=(54 + 8 * busy) * GIB,
        hw__gpu__memory__limit=80 * GIB,
        hw__power=120 + 570 * busy,
        hw__energy=450.0 * second,
        hw__temperature=38 + 34 * busy,
        hw__gpu__speed=(1_980 - 300 * (bits > 0)) * 1e6,
        axonize__gpu__throttle_reasons=bits | (HW_SLOWDOWN if 700 < second < 760 else 0),
    )


def _split(seeder: GpuSeeder, time_ns: int, before: int) -> None:
    total = {"hw__gpu__memory__limit": 80.0 * GIB, "axonize__gpu__throttle_reasons": float(IDLE)}
    used = {"hw__gpu__memory__usage": 21.5 * GIB, "hw__power": 188.4, "hw__temperature": 41.0}
    seeder.sample("gpu-node-07", SPLIT, time_ns, **total, **used)
    for number, part in enumerate(PARTS):
        values = {"hw__gpu__utilization": 0.2 + number * 0.35 + 0.1 * math.sin(before / 60)}
        values |= {"hw__gpu__memory__usage": (6.5 + 8 * number) * GIB}
        seeder.sample("gpu-node-07", part, time_ns, parent=SPLIT, **values)


def _requests(http: str, now_ns: int) -> None:
    seeder = Seeder(http, start_ns=now_ns)
    for number in range(120):
        error = ValueError("CUDA error: out of memory") if number % 30 == 7 else None
        start = -1_700_000 + number * number * 115.0
        uuid, parent = (WHOLE, WHOLE) if number % 4 else (PARTS[0], SPLIT)
        _request(seeder, start, 900 + number * 11, uuid, parent, error)
    _request(seeder, -30_000, 800, UNMEASURED, UNMEASURED, None)
    seeder.send()


def _request(
    seeder: Seeder, start: float, ms: float, uuid: str, parent: str, error: Exception | None
) -> None:
    root = seeder.span("POST /v1/completions", start, ms, service="gpu-api")
    seeder.span(
        "generate",
        start + 2,
        ms - 4,
        parent=root,
        service="gpu-engine",
        error=error,
        gen_ai__request__model=MODEL,
        gpu__0__resource_uuid=uuid,
        gpu__0__physical_uuid=parent,
        gpu__0__model="NVIDIA H100 80GB HBM3",
        gpu__0__node_id="gpu-node-07",
        gpu__0__label="cuda:0",
        axonize__gpu__seconds=(ms - 4) / 1000,
        axonize__gpu__rule="calls",
    )
    assert root.end_time is not None
    assert root.end_time < time.time_ns() + 60_000 * MS
