"""CUDA_VISIBLE_DEVICES: by number, UUID and MIG UUID."""

from __future__ import annotations

import pytest

from axonize.gpu.backend import DiscoveredGPU, MIGInstance
from axonize.gpu.visible import find_gpu


def card(index: int, mig: MIGInstance | None = None) -> DiscoveredGPU:
    uuid = f"GPU-{index}aa"
    own = f"MIG-{index}b{mig.gpu_instance_id}" if mig else uuid
    return DiscoveredGPU(own, uuid, index, "H100", "NVIDIA", "node", 1, mig=mig)


def instance(number: int) -> DiscoveredGPU:
    return card(2, MIGInstance("1g.10gb", number, 0, 1 / 7))


GPUS = [card(0), card(1), card(2), instance(1), instance(2)]


@pytest.mark.parametrize(
    ("label", "devices", "uuid"),
    [
        ("cuda:0", None, "GPU-0aa"),
        ("cuda:1", None, "GPU-1aa"),
        ("cuda", None, "GPU-0aa"),
        ("cuda:2", None, None),
        ("cuda:0", "1,0", "GPU-1aa"),
        ("cuda:1", "1, 0", "GPU-0aa"),
        ("cuda:0", "GPU-1", "GPU-1aa"),
        ("cuda:0", "GPU-", None),
        ("cuda:0", "MIG-2b2", "MIG-2b2"),
        ("cuda:0", "MIG-GPU-2aa/2/0", "MIG-2b2"),
        ("cuda:0", "2", "MIG-2b1"),
        ("cuda:1", "0,9,1", None),
        ("cuda:0", "0,0", None),
        ("cuda:0", "", None),
        ("cuda:0", "-1", None),
        ("GPU-1aa", "0", "GPU-1aa"),
        ("cpu", None, None),
    ],
)
def test_what_a_label_means(label: str, devices: str | None, uuid: str | None) -> None:
    found = find_gpu(label, GPUS, devices)
    assert (found and found.uuid) == uuid


def test_a_machine_of_instances_shows_the_first() -> None:
    gpus = GPUS[2:]
    assert [find_gpu(f"cuda:{number}", gpus, None) for number in (0, 1)] == [instance(1), None]
