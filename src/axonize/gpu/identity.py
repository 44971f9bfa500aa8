"""What a GPU is and does not change, as one point a GPU: the metric axonize.gpu.info, always 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axonize.gpu.backend import DiscoveredGPU, MIGInstance
from axonize.otlp_metrics import Metric, Point

INFO = "axonize.gpu.info"


def describe_identities(gpus: Sequence[DiscoveredGPU], time_ns: int) -> Metric:
    """Return the metric that says, at a time in Unix ns, which GPUs and MIG instances there are."""
    return Metric(INFO, "1", "gauge", [Point(time_ns, 1, _identity(gpu)) for gpu in gpus])


def _identity(gpu: DiscoveredGPU) -> dict[str, Any]:
    """Return all that is known; what is not is absent."""
    known = {
        "hw.id": gpu.uuid,
        "hw.type": "gpu",
        "hw.model": gpu.model,
        "hw.vendor": gpu.vendor,
        "hw.parent": gpu.physical_uuid if gpu.mig else "",
        "hw.driver_version": gpu.driver_version,
        "axonize.gpu.architecture": gpu.architecture,
        "axonize.gpu.compute_capability": gpu.compute_capability,
        "axonize.gpu.cuda_version": gpu.cuda_version,
        "axonize.gpu.pci_bus_id": gpu.pci_bus_id,
        "axonize.gpu.numa_node": gpu.numa_node,
        "axonize.gpu.nvlink.peers": gpu.nvlink_peers,
        **(_part(gpu.mig) if gpu.mig else {}),
    }
    return {name: value for name, value in known.items() if value not in (None, "", ())}


def _part(mig: MIGInstance) -> dict[str, Any]:
    return {
        "axonize.gpu.mig.profile": mig.profile,
        "axonize.gpu.mig.gpu_instance_id": mig.gpu_instance_id,
        "axonize.gpu.mig.compute_instance_id": mig.compute_instance_id,
        "axonize.gpu.mig.sm_share": mig.sm_share,
    }
