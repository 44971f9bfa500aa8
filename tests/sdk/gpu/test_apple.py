"""Apple Silicon: what is made of the registry's entries."""

from __future__ import annotations

import socket

from axonize.gpu.apple import parse_gpu, parse_reading
from axonize.gpu.backend import DiscoveredGPU, Reading

ACCELERATOR = {
    "model": b"Apple M3 Max\0",
    "PerformanceStatistics": {"Device Utilization %": 37, "In use system memory": 3 * 2**30},
}
MACHINE = {"IOPlatformUUID": "5A1C1A6E-0000-4000-8000-0123456789AB"}


def test_a_gpu_has_an_id_that_stays_and_hides_the_machines() -> None:
    gpu = parse_gpu(ACCELERATOR, MACHINE, 64 * 2**30)
    uuid = "APPLE-" + gpu.uuid[6:]
    assert gpu == DiscoveredGPU(
        uuid, uuid, 0, "Apple M3 Max", "Apple", socket.gethostname(), 64 * 2**30
    )
    assert len(gpu.uuid) == 38
    assert MACHINE["IOPlatformUUID"] not in gpu.uuid
    assert gpu == parse_gpu(ACCELERATOR, MACHINE, 64 * 2**30)


def test_what_the_driver_does_not_count_is_absent() -> None:
    assert parse_reading(ACCELERATOR) == Reading(utilization=0.37, memory_used=3 * 2**30)
    assert parse_reading({}) == Reading()
