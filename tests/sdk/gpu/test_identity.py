"""What a GPU is, under the names of the conventions."""

from __future__ import annotations

from dataclasses import replace

from axonize.gpu.backend import DiscoveredGPU, MIGInstance
from axonize.gpu.identity import describe_identities

BARE = DiscoveredGPU("APPLE-1", "APPLE-1", 0, "M3", "Apple", "node-1", 2**34)
CARD = DiscoveredGPU(
    "GPU-1", "GPU-1", 0, "H100", "NVIDIA", "node-1", 80 * 2**30, "Hopper", "9.0",
    "00000000:1B:00.0", 0, "580.95.05", "13.0", ("GPU-2", "GPU-3"),
)  # fmt: skip
INSTANCE = replace(CARD, uuid="MIG-1", nvlink_peers=(), mig=MIGInstance("3g.40gb", 2, 0, 0.5))
SAID = {
    "hw.id": "GPU-1",
    "hw.type": "gpu",
    "hw.model": "H100",
    "hw.vendor": "NVIDIA",
    "hw.driver_version": "580.95.05",
    "axonize.gpu.architecture": "Hopper",
    "axonize.gpu.compute_capability": "9.0",
    "axonize.gpu.cuda_version": "13.0",
    "axonize.gpu.pci_bus_id": "00000000:1B:00.0",
    "axonize.gpu.numa_node": 0,
    "axonize.gpu.nvlink.peers": ("GPU-2", "GPU-3"),
}


def test_all_that_is_known_and_nothing_else() -> None:
    metric = describe_identities([CARD, BARE, INSTANCE], 7)
    assert (metric.name, metric.unit, metric.kind) == ("axonize.gpu.info", "1", "gauge")
    assert {(point.time_ns, point.value) for point in metric.points} == {(7, 1)}
    card, bare, instance = (point.attributes for point in metric.points)
    assert card == SAID
    assert bare == {"hw.id": "APPLE-1", "hw.type": "gpu", "hw.model": "M3", "hw.vendor": "Apple"}
    without_peers = {name: value for name, value in SAID.items() if "nvlink" not in name}
    assert instance == {
        **without_peers,
        "hw.id": "MIG-1",
        "hw.parent": "GPU-1",
        "axonize.gpu.mig.profile": "3g.40gb",
        "axonize.gpu.mig.gpu_instance_id": 2,
        "axonize.gpu.mig.compute_instance_id": 0,
        "axonize.gpu.mig.sm_share": 0.5,
    }
