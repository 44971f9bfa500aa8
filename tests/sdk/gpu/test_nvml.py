"""NVML through the real pynvml: what is found, what is read, what fails."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from axonize.gpu import nvml
from axonize.gpu.backend import (
    Counters,
    DiscoveredGPU,
    GPUGone,
    MIGInstance,
    ProcessUse,
    Reading,
)
from axonize.gpu.nvml import NVML
from tests.sdk.gpu.fake_nvml import GPU_IS_LOST, NO_PERMISSION, NOT_SUPPORTED, State

CARD = "GPU-000000a0-0000-4000-8000-000000000000"
SPLIT = "GPU-000000a1-0000-4000-8000-000000000000"
INSTANCE = "MIG-000000a1-0000-5000-8000-00000000000"


@pytest.fixture
def backend(gpus: State) -> Iterator[NVML]:
    backend = NVML()
    yield backend
    backend.close()


def test_finds_cards_and_instances(backend: NVML) -> None:
    card = DiscoveredGPU(
        uuid=CARD,
        physical_uuid=CARD,
        index=0,
        model="NVIDIA H100 80GB HBM3",
        vendor="NVIDIA",
        node_id=socket.gethostname(),
        memory_total=81559 * 2**20,
        architecture="Hopper",
        compute_capability="9.0",
        pci_bus_id="00000000:1B:00.0",
        numa_node=0,
        driver_version="580.95.05",
        cuda_version="13.0",
    )
    split = replace(card, uuid=SPLIT, physical_uuid=SPLIT, index=1, pci_bus_id="00000000:1C:00.0")
    split = replace(split, numa_node=1)
    instances = [
        replace(
            split,
            uuid=f"{INSTANCE}{number}",
            memory_total=mebibytes * 2**20,
            mig=MIGInstance(profile, number + 1, 0, share),
        )
        for number, (profile, mebibytes, share) in enumerate(
            [
                ("3g.40gb", 40448, 60 / 132),
                ("2g.20gb", 20096, 32 / 132),
                ("1g.10gb", 9984, 16 / 132),
            ]
        )
    ]
    assert list(backend.discover()) == [card, split, *instances]


def test_cards_that_reach_each_other_over_nvlink_are_peers(backend: NVML, gpus: State) -> None:
    gpus.count, gpus.gpus[1].mig = 3, 0
    gpus.gpus[2].mig = 1  # a card that is split has no links
    first, second, third, *_ = backend.discover()
    assert (first.nvlink_peers, second.nvlink_peers) == ((SPLIT,), (CARD,))
    assert third.nvlink_peers == ()


def test_without_a_node_of_its_own_a_card_is_at_that_of_its_slot(
    backend: NVML, gpus: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nvml, "PCI_DEVICES", tmp_path)
    gpus.count = 1
    gpus.gpus[0].numa_node = NOT_SUPPORTED
    assert backend.discover()[0].numa_node is None
    slot = tmp_path / "0000:1b:00.0"
    slot.mkdir()
    for written, found in (("3\n", 3), ("-1\n", None), ("?", None)):
        (slot / "numa_node").write_text(written)
        assert backend.discover()[0].numa_node == found


def test_reads_a_card(backend: NVML) -> None:
    card = backend.discover()[0]
    assert backend.read(card) == Reading(
        utilization=0.8,
        memory_used=20 * 2**30,
        power_watts=350.0,
        temperature_celsius=61,
        clock_mhz=1980,
        memory_clock_mhz=2619,
    )


def test_an_instance_has_its_share_of_the_cards_power(backend: NVML) -> None:
    _, _, instance, *_ = backend.discover()
    first, second = backend.read(instance), backend.read(instance)
    assert first.utilization is None, "activity is the difference of two samples"
    assert second == Reading(
        utilization=0.5,
        memory_used=10 * 2**30,
        power_watts=350 * 60 / 132,
        power_estimated=True,
        temperature_celsius=62,
        clock_mhz=1980,
        memory_clock_mhz=2619,
    )


def test_reads_counters(backend: NVML, gpus: State) -> None:
    gpu = gpus.gpus[0]
    gpu.throttle_reasons, gpu.ecc_corrected, gpu.ecc_uncorrected, gpu.xid = 4, 3, 1, 79
    gpu.pcie_tx, gpu.pcie_rx, gpu.nvlink_tx, gpu.nvlink_rx = 10, 20, 30, 40
    gpu.process_pid, gpu.process_memory, gpu.process_utilization = 77, 5 * 2**30, 60
    card = backend.discover()[0]
    backend.read_counters(card)
    assert backend.read_counters(card) == Counters(
        energy_joules=5000.0,
        throttle_reasons=4,
        ecc_corrected=3,
        ecc_uncorrected=1,
        xid_errors=1,
        xid_last=79,
        pcie_transmitted=10,
        pcie_received=20,
        nvlink_transmitted=30 * 1024,
        nvlink_received=40 * 1024,
        sm_active=0.7,
        tensor_active=0.4,
        dram_active=0.55,
        processes=(ProcessUse(77, 5 * 2**30, 0.6),),
    )


def test_what_is_not_told_is_absent(backend: NVML, gpus: State) -> None:
    card = backend.discover()[0]
    gpu = gpus.gpus[0]
    for name in ("utilization", "memory_used", "temperature", "sm_clock", "memory_clock"):
        setattr(gpu, name, NOT_SUPPORTED)
    gpu.power_mw = gpu.energy_mj = gpu.ecc_corrected = gpu.pcie_tx = NO_PERMISSION
    assert backend.read(card) == Reading()
    counters = backend.read_counters(card)
    assert (counters.energy_joules, counters.ecc_corrected, counters.pcie_transmitted) == (
        None,
    ) * 3
    assert counters.pcie_received == 0


def test_a_lost_gpu_is_gone_and_the_others_are_found_again(backend: NVML, gpus: State) -> None:
    card = backend.discover()[0]
    gpus.gpus[0].lost = GPU_IS_LOST
    with pytest.raises(GPUGone, match=r"error 15|lost"):
        backend.read(card)
    assert [gpu.physical_uuid for gpu in backend.discover()] == [SPLIT] * 4


def test_a_reset_of_the_library_is_gone_too(backend: NVML, gpus: State) -> None:
    card = backend.discover()[0]
    gpus.reset = 1
    with pytest.raises(GPUGone):
        backend.read(card)
    with pytest.raises(GPUGone):
        backend.discover()


@pytest.mark.parametrize("result", [4, 9, 18])
def test_a_library_that_does_not_start_says_why(gpus: State, result: int) -> None:
    gpus.init_result = result
    with pytest.raises(GPUGone, match="NVML"):
        NVML()


def test_the_loader_finds_it_in_another_process(library: object, gpus: State) -> None:
    program = (
        "from axonize.gpu import open_backend; print([g.uuid for g in open_backend().discover()])"
    )
    folder = str(library).rpartition("/")[0]
    env = {**os.environ, "LD_LIBRARY_PATH": folder}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert CARD in done.stdout, done.stderr
