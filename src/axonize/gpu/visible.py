"""Which GPU a label such as cuda:0 means in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from axonize.gpu.backend import DiscoveredGPU


def find_gpu(
    label: str, gpus: Sequence[DiscoveredGPU], visible_devices: str | None
) -> DiscoveredGPU | None:
    """Return the GPU that a label means, None when it means none.

    label: `cuda:N` counts the GPUs that the process sees, `cuda` is `cuda:0`; `mps` is Apple's; a
    UUID means itself. visible_devices: the value of CUDA_VISIBLE_DEVICES, None when it is unset.
    """
    kind, _, number = label.partition(":")
    if kind in ("cuda", "mps") and (number or "0").isdecimal():
        seen = list_visible(gpus, visible_devices)
        wanted = int(number or 0)
        return seen[wanted] if wanted < len(seen) else None
    return next((gpu for gpu in gpus if gpu.uuid == label), None)


def list_visible(gpus: Sequence[DiscoveredGPU], visible_devices: str | None) -> list[DiscoveredGPU]:
    """Return the GPUs that CUDA shows this process, in its order.

    As CUDA reads the variable: the list ends at the first entry that names no GPU, and one that
    names a GPU twice shows none. On a machine of unlike GPUs the numbers are right with
    CUDA_DEVICE_ORDER=PCI_BUS_ID only; CUDA's own order begins with the fastest.
    """
    if visible_devices is None:
        return _list_all(gpus)
    seen: list[DiscoveredGPU] = []
    for entry in visible_devices.split(","):
        gpu = _find_entry(entry.strip(), gpus)
        if gpu is None:
            break
        if gpu in seen:
            return []
        seen.append(gpu)
    return seen


def _list_all(gpus: Sequence[DiscoveredGPU]) -> list[DiscoveredGPU]:
    """Return every whole GPU, else the first instance: CUDA shows one instance only."""
    split = {gpu.physical_uuid for gpu in gpus if gpu.mig is not None}
    whole = [gpu for gpu in gpus if gpu.mig is None and gpu.uuid not in split]
    return whole or [gpu for gpu in gpus if gpu.mig is not None][:1]


def _find_entry(entry: str, gpus: Sequence[DiscoveredGPU]) -> DiscoveredGPU | None:
    if entry.isdecimal():
        return next(_computing(gpus, [gpu for gpu in gpus if gpu.index == int(entry)]), None)
    if entry.startswith("MIG-GPU-"):
        return next((gpu for gpu in gpus if _old_name(gpu) == entry), None)
    # The beginning of a UUID is enough when it fits only one.
    named = [
        gpu for gpu in gpus if entry.startswith(("GPU-", "MIG-")) and gpu.uuid.startswith(entry)
    ]
    return next(_computing(gpus, named), None) if len(named) == 1 else None


def _computing(
    gpus: Sequence[DiscoveredGPU], named: Sequence[DiscoveredGPU]
) -> Iterator[DiscoveredGPU]:
    """Yield the instances of a card that is split, which itself computes no more, else the card."""
    for card in named[:1]:
        instances = [gpu for gpu in gpus if gpu.mig and gpu.physical_uuid == card.uuid]
        yield from instances or [card]


def _old_name(gpu: DiscoveredGPU) -> str:
    """Return what an instance is called up to driver 450: MIG-<UUID of the card>/<GI>/<CI>."""
    if gpu.mig is None:
        return ""
    return f"MIG-{gpu.physical_uuid}/{gpu.mig.gpu_instance_id}/{gpu.mig.compute_instance_id}"
