"""What a program's GPUs did, from NVML to the API of a whole server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.gpu.conftest import library
from tests.sdk.gpu.fake_nvml import State, make_state
from tests.server.serving import ServeProcess, call

__all__ = ["library"]

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no NVML")

CARD = "GPU-000000a0-0000-4000-8000-000000000000"
SPLIT = "GPU-000000a1-0000-4000-8000-000000000000"
INSTANCE = "MIG-000000a1-0000-5000-8000-000000000000"
PLACE = (
    "k8s.node.name=gpu-node-07,cloud.provider=aws,cloud.region=eu-central-1,"
    "cloud.availability_zone=eu-central-1a,host.id=i-0123456789abcdef0,host.type=p5.48xlarge"
)
PROGRAM = """
import sys, time, axonize
axonize.init(endpoint=sys.argv[1], flush_interval_ms=50, service_name="worker")
known = False
while not known:
    with axonize.span("work") as span:
        span.set_gpus(["cuda:0"])
        known = "gpu.0.resource_uuid" in span.attributes
    time.sleep(0.02)
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    process = ServeProcess(tmp_path_factory.mktemp("gpu-metrics") / "data")
    yield process.wait_ready()
    process.end()


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = make_state(tmp_path / "gpus")
    gpu = state.gpus[0]
    gpu.throttle_reasons, gpu.ecc_corrected, gpu.ecc_uncorrected, gpu.xid = 4, 3, 1, 79
    gpu.pcie_tx, gpu.pcie_rx, gpu.nvlink_tx, gpu.nvlink_rx = 10, 20, 30, 40
    return state


def start(endpoint: str, library: Path, folder: Path) -> subprocess.Popen[bytes]:
    env = {
        **os.environ,
        "LD_LIBRARY_PATH": str(library.parent),
        "FAKE_NVML": str(folder / "gpus"),
        "AXONIZE_STATUS_DIR": str(folder / "status"),
        "OTEL_RESOURCE_ATTRIBUTES": PLACE,
    }
    command = [sys.executable, "-c", PROGRAM, endpoint]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    return process


def read(server: dict[str, Any], path: str) -> Any:
    status, body = call(f"{server['http']}/api/v1/gpus{path}")
    assert status == 200, body
    return json.loads(body)


def wait_for_energy(server: dict[str, Any], joules: float) -> dict[str, dict[str, Any]]:
    """Return the GPUs by their ids once the first one's counter is there."""
    by = time.monotonic() + 240
    while time.monotonic() < by:
        found = {each["resource_uuid"]: each for each in read(server, "")["items"]}
        sample = found.get(CARD, {}).get("sample") or {}
        if sample.get("energy_j") == joules and sample.get("sm_active") is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no energy of {joules} J: {found}")


def test_what_nvml_says_is_read_back_and_the_next_process_goes_on(
    server: dict[str, Any], library: Path, tmp_path: Path, state: State
) -> None:
    first = start(server["grpc"], library, tmp_path)
    wait_for_energy(server, 5000.0)
    second = start(server["grpc"], library, tmp_path)
    first.kill()
    first.communicate()
    state.gpus[0].energy_mj = 5_600_000
    gpus = wait_for_energy(server, 5600.0)
    second.communicate(b"")

    assert second.returncode == 0
    assert gpus[INSTANCE]["physical_uuid"] == SPLIT
    assert gpus[INSTANCE]["sample"]["power_source"] == "estimated"
    assert gpus[CARD]["model"] == "NVIDIA H100 80GB HBM3"
    sample = {name: value for name, value in gpus[CARD]["sample"].items() if value is not None}
    assert sample == {
        "emitters": ["axonize"],
        "power_source": "nvml",
        "utilization": pytest.approx(0.8),
        "memory_used_bytes": 20 * 2**30,
        "memory_total_bytes": 81559 * 2**20,
        "temperature_c": 61.0,
        "power_w": 350.0,
        "energy_j": 5600.0,
        "sm_clock_mhz": 1980.0,
        "memory_clock_mhz": 2619.0,
        "throttle_reasons": 4,
        "sm_active": pytest.approx(0.7),
        "tensor_active": pytest.approx(0.4),
        "dram_active": pytest.approx(0.55),
    }
    (point,) = read(server, f"/{CARD}/metrics?points=1")["points"]
    assert point["energy_j"] == 600.0
    assert point["power_w"] == {"avg": 350.0, "min": 350.0, "max": 350.0}
    errors = {"ecc_corrected": 3, "ecc_uncorrected": 1, "xid_errors": 1, "xid_last": 79}
    assert {name: point[name] for name in errors} == errors
    still = {"avg": 0.0, "min": 0.0, "max": 0.0}
    assert [point[f"pcie_{way}_bytes_per_s"] for way in ("rx", "tx")] == [still] * 2
    assert [point[f"nvlink_{way}_bytes_per_s"] for way in ("rx", "tx")] == [still] * 2
    check_registry(server)


def check_registry(server: dict[str, Any]) -> None:
    """The registry, which is written in the background, has the card and who works on it."""
    by = time.monotonic() + 240
    found: dict[str, Any] = {}
    while time.monotonic() < by and len(found.get("contexts_now", ())) < 2:
        status, body = call(f"{server['http']}/api/v1/gpus/{CARD}")
        found = json.loads(body) if status == 200 else {}
        time.sleep(0.2)
    assert {(each["service_name"], each["label"]) for each in found["contexts_now"]} == {
        (None, None),
        ("worker", "cuda:0"),
    }
    assert found["memory_bytes"] == 81559 * 2**20
    assert found["physical"]["resource_uuids"] == [CARD]
    check_identity(server)


def check_identity(server: dict[str, Any]) -> None:
    """What NVML says of the card, what the machine says of itself, and what the instance is."""
    identity = {
        "architecture": "Hopper",
        "compute_capability": "9.0",
        "pci_bus_id": "00000000:1C:00.0",
        "numa_node": 1,
        "driver_version": "580.95.05",
        "cuda_version": "13.0",
        "nvlink_peers": [],
        "k8s_node_name": "gpu-node-07",
        "cloud": {
            "provider": "aws",
            "region": "eu-central-1",
            "availability_zone": "eu-central-1a",
            "host_id": "i-0123456789abcdef0",
            "host_type": "p5.48xlarge",
        },
    }
    found: dict[str, Any] = {"mig": None}
    by = time.monotonic() + 240
    while time.monotonic() < by and found["mig"] is None:
        found = read(server, f"/{INSTANCE}")
        time.sleep(0.2)
    mig = {"gpu_instance_id": 1, "compute_instance_id": 0, "sm_share": 60 / 132}
    assert found["mig"] == {"profile": "3g.40gb", **mig}
    assert found["memory_bytes"] == 40448 * 2**20
    assert found["physical"]["identity"] == identity
    parts = [each["mig"] and each["mig"]["profile"] for each in found["physical"]["resources"]]
    assert parts == [None, "3g.40gb", "2g.20gb", "1g.10gb"]
    (listed,) = (each for each in read(server, "")["items"] if each["resource_uuid"] == INSTANCE)
    assert (listed["identity"], listed["mig"]) == (identity, found["mig"])
