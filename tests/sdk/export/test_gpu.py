"""GPU metrics from fake cards to a real collector."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from axonize.config import Config
from axonize.endpoint import parse_endpoint
from axonize.export import gpu as export_gpu
from axonize.export.exporter import Receipt, Retryable
from axonize.export.gpu import GPUExport, lock_path
from axonize.export.grpc import GRPCExporter
from axonize.gpu import open_backend
from axonize.gpu import profiler as gpu_profiler
from axonize.gpu.profiler import Profiler
from axonize.host_lock import HostLock
from tests.sdk.export.collectors import Collector, fails
from tests.sdk.gpu.fake_nvml import State

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")


@pytest.fixture
def profiler(gpus: State, monkeypatch: pytest.MonkeyPatch) -> Iterator[Profiler]:
    monkeypatch.setattr(gpu_profiler, "COUNT_EVERY_S", 0.02)
    gpus.gpus[0].xid = 79
    found = Profiler(open_backend, interval_s=0.005)
    found.start()
    yield found
    found.stop()


def make_export(
    profiler: Profiler, path: Path, send: Callable[[bytes, float], Receipt]
) -> GPUExport:
    scope = ("axonize", "1")
    return GPUExport(profiler, HostLock(path), send, {"host.name": "n"}, scope, timeout_s=10)


@pytest.fixture
def send(collector: Collector) -> Iterator[Callable[[bytes, float], Receipt]]:
    exporter = GRPCExporter(parse_endpoint(collector.address), {})
    yield exporter.send_metrics
    exporter.close()


def refresh_until(export: GPUExport, condition: Callable[[], object]) -> None:
    by = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < by
        export.refresh()
        time.sleep(0.005)


def test_samples_arrive(
    profiler: Profiler,
    tmp_path: Path,
    collector: Collector,
    send: Callable[[bytes, float], Receipt],
) -> None:
    export = make_export(profiler, tmp_path / "lock", send)
    refresh_until(export, lambda: len(collector.metrics) > 1)
    export.stop()
    (resource_metrics,) = collector.metrics[1].resource_metrics
    (scope_metrics,) = resource_metrics.scope_metrics
    assert {metric.name for metric in scope_metrics.metrics} == {
        *("hw.gpu.utilization", "hw.gpu.memory.usage", "hw.gpu.memory.limit", "hw.power"),
        *("hw.energy", "hw.temperature", "hw.gpu.speed", "hw.errors", "axonize.gpu.xid"),
        *("axonize.gpu.throttle_reasons", "axonize.gpu.sm.active", "axonize.gpu.tensor.active"),
        *("axonize.gpu.dram.active", "axonize.gpu.pcie.throughput"),
        "axonize.gpu.nvlink.throughput",
    }
    (first,) = collector.metrics[0].resource_metrics[0].scope_metrics
    (info,) = [each for each in first.metrics if each.name == "axonize.gpu.info"]
    assert len(info.gauge.data_points) == 5
    described = export.describe()
    assert described["points_exported"] > 0
    assert described == {
        "running": True,
        "gpus": 5,
        "why_not": "",
        "exporting": False,
        "points_exported": described["points_exported"],
        "points_dropped": dict.fromkeys(("full", "rejected", "expired", "exit", "failed"), 0),
        "last_error": "",
    }


def test_one_exports_and_the_next_takes_over(
    profiler: Profiler,
    tmp_path: Path,
    collector: Collector,
    send: Callable[[bytes, float], Receipt],
) -> None:
    other = HostLock(tmp_path / "lock")
    assert other.acquire()
    export = make_export(profiler, tmp_path / "lock", send)
    for _ in range(20):
        export.refresh()
        time.sleep(0.005)
    assert (export.exporting, profiler.samples, collector.metrics) == (False, (), [])
    other.release()
    refresh_until(export, lambda: collector.metrics)
    export.stop()


def test_what_waits_is_bounded_and_counted(
    profiler: Profiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(request: bytes, timeout_s: float) -> Receipt:
        raise Retryable("down")

    monkeypatch.setattr(export_gpu, "CAPACITY", 10_000)
    export = make_export(profiler, tmp_path / "lock", refuse)
    refresh_until(export, lambda: export.describe()["points_dropped"]["full"])
    export.stop()
    described = export.describe()
    assert described["points_dropped"]["exit"] > 0
    assert (described["points_exported"], described["last_error"]) == (0, "down")


def test_a_collector_of_traces_alone_is_left_alone(
    profiler: Profiler,
    tmp_path: Path,
    collector: Collector,
    send: Callable[[bytes, float], Receipt],
) -> None:
    collector.answers.append(fails(grpc.StatusCode.UNIMPLEMENTED))
    export = make_export(profiler, tmp_path / "lock", send)
    refresh_until(export, lambda: collector.attempts)
    assert export.describe()["points_dropped"]["rejected"] > 0
    for _ in range(20):
        export.refresh()
        time.sleep(0.005)
    assert (collector.attempts, profiler.counting) == (1, False)
    assert HostLock(tmp_path / "lock").acquire()


def test_each_collector_and_key_has_its_lock(tmp_path: Path) -> None:
    configs = [Config(), Config(api_key="a"), Config(endpoint="other:4317"), Config(batch_size=7)]
    assert len({lock_path(tmp_path, config) for config in configs}) == 3
