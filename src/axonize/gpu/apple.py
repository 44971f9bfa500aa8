"""The GPU of Apple Silicon: what macOS's I/O registry says of its accelerator."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from axonize.gpu.backend import Counters, DiscoveredGPU, Reading
from axonize.gpu.iokit import IOKit


class Apple:
    """The one GPU of this machine; memory is the machine's, which GPU and CPU share.

    Raises GPUGone where there is none.
    """

    name = "apple"

    def __init__(self) -> None:
        self._registry = IOKit()

    def discover(self) -> Sequence[DiscoveredGPU]:
        """Find the accelerator."""
        accelerator = self._registry.read("IOAccelerator")
        platform = self._registry.read("IOPlatformExpertDevice")
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return [parse_gpu(accelerator, platform, memory)]

    def read(self, gpu: DiscoveredGPU) -> Reading:  # noqa: ARG002 - there is only one
        """Read use and memory; macOS tells the rest to its administrator only."""
        return parse_reading(self._registry.read("IOAccelerator"))

    def read_counters(self, gpu: DiscoveredGPU) -> Counters:  # noqa: ARG002 - there is only one
        """Return nothing: there are none."""
        return Counters()

    def read_energy(self, gpu: DiscoveredGPU) -> int | None:  # noqa: ARG002 - there is only one
        """Return nothing: there is no counter."""
        return None

    def close(self) -> None:
        """Do nothing: nothing is held."""


def parse_gpu(
    accelerator: Mapping[str, Any], platform: Mapping[str, Any], memory: int
) -> DiscoveredGPU:
    """Describe the GPU; its id is a hash of the machine's, which is private."""
    machine = str(platform.get("IOPlatformUUID", socket.gethostname()))
    uuid = f"APPLE-{hashlib.sha256(machine.encode()).hexdigest()[:32]}"
    model = accelerator.get("model", "Apple GPU")
    return DiscoveredGPU(
        uuid=uuid,
        physical_uuid=uuid,
        index=0,
        model=model.rstrip(b"\0").decode() if isinstance(model, bytes) else str(model),
        vendor="Apple",
        node_id=socket.gethostname(),
        memory_total=memory,
    )


def parse_reading(accelerator: Mapping[str, Any]) -> Reading:
    """Read what the driver counts; what it does not count stays None."""
    counted = accelerator.get("PerformanceStatistics", {})
    busy = counted.get("Device Utilization %")
    return Reading(
        utilization=None if busy is None else busy / 100,
        memory_used=counted.get("In use system memory"),
    )
