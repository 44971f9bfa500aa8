"""Questions about GPUs, always for one tenant: which were seen, and one of them over time."""

from __future__ import annotations

import msgspec

from axonize_server.gpus import ComputeResource, Gpu, GpuSeries
from axonize_server.model import InvalidQuery, NotFound
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.postgres.gpus import GpuRegistry

SHORTEST_NS = 1_000_000


def seen(reader: GpuReader, tenant: str, from_ns: int, to_ns: int) -> list[Gpu]:
    """Return the GPUs that metrics or spans named in [from_ns, to_ns), Unix ns, by host and id.

    Raises InvalidQuery for a range without time in it.
    """
    _check_range(from_ns, to_ns)
    found = {gpu.resource_uuid: gpu for gpu in reader.measured(tenant, from_ns, to_ns)}
    for gpu in reader.used_by_spans(tenant, from_ns, to_ns):
        known = found.get(gpu.resource_uuid)
        found[gpu.resource_uuid] = _merged(known, gpu) if known else gpu
    return sorted(found.values(), key=lambda gpu: (gpu.host, gpu.physical_uuid, gpu.resource_uuid))


def _merged(measured: Gpu, used: Gpu) -> Gpu:
    return msgspec.structs.replace(
        measured,
        physical_uuid=measured.physical_uuid or used.physical_uuid,
        host=measured.host or used.host,
        model=measured.model or used.model,
        vendor=measured.vendor or used.vendor,
        first_ns=min(measured.first_ns, used.first_ns),
        last_ns=max(measured.last_ns, used.last_ns),
    )


def resource(registry: GpuRegistry, tenant: str, uuid: str) -> ComputeResource:
    """Return a GPU or MIG instance with its card and its contexts; raises NotFound."""
    found = registry.find(tenant, uuid)
    if found is None:
        raise NotFound(f"no GPU {uuid}")
    return found


def series(
    reader: GpuReader, tenant: str, uuid: str, from_ns: int, to_ns: int, points: int
) -> GpuSeries:
    """Return a GPU in [from_ns, to_ns), Unix ns, in at most `points` buckets of equal width.

    Raises InvalidQuery for a range without time in it and NotFound for a GPU without metrics.
    """
    _check_range(from_ns, to_ns)
    width_ns = max(-(-(to_ns - from_ns) // points), SHORTEST_NS)
    buckets = reader.series(tenant, uuid, from_ns, to_ns, width_ns)
    if not buckets and not reader.is_known(tenant, uuid):
        raise NotFound(f"no metrics of GPU {uuid}")
    return GpuSeries(uuid, width_ns, buckets)


def _check_range(from_ns: int, to_ns: int) -> None:
    if from_ns >= to_ns:
        raise InvalidQuery("from: expected a time before `to`")
