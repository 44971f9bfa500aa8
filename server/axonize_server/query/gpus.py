"""Questions about GPUs, always for one tenant: which were seen, and one of them over time."""

from __future__ import annotations

import contextlib

import msgspec

from axonize_server.gpus import (
    CardResource,
    ComputeResource,
    Gpu,
    GpuContext,
    GpuSeries,
    PhysicalGpu,
    Sighting,
)
from axonize_server.model import NotFound, StoreUnavailable
from axonize_server.query.ranges import check_range
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.postgres.gpus import GpuRegistry
from axonize_server.store.registrar import LOOK_BACK_NS

SHORTEST_NS = 1_000_000
# What spans named longer ago than this is in the registry.
REGISTERED_NS = 180_000_000_000


def seen(
    reader: GpuReader, registry: GpuRegistry, tenant: str, from_ns: int, to_ns: int, now_ns: int
) -> list[Gpu]:
    """Return the GPUs that metrics or spans named in [from_ns, to_ns), Unix ns, by host and id.

    Raises InvalidQuery for a range without time in it.
    """
    check_range(from_ns, to_ns)
    found = {gpu.resource_uuid: gpu for gpu in reader.measured(tenant, from_ns, to_ns)}
    for gpu in _used(reader, registry, tenant, (from_ns, to_ns), now_ns):
        known = found.get(gpu.resource_uuid)
        found[gpu.resource_uuid] = _merged(known, gpu) if known else gpu
    gpus = sorted(found.values(), key=lambda gpu: (gpu.host, gpu.physical_uuid, gpu.resource_uuid))
    return _identified(registry, tenant, gpus)


def _identified(registry: GpuRegistry, tenant: str, gpus: list[Gpu]) -> list[Gpu]:
    """Add what the registry says that they are."""
    uuids = [gpu.resource_uuid for gpu in gpus]
    with contextlib.suppress(StoreUnavailable):
        known = registry.identities(tenant, uuids) if uuids else {}
        unknown = (None, None)
        return [
            msgspec.structs.replace(gpu, facts=facts, mig=mig)
            for gpu in gpus
            for facts, mig in [known.get(gpu.resource_uuid, unknown)]
        ]
    return gpus


def _used(
    reader: GpuReader, registry: GpuRegistry, tenant: str, range_ns: tuple[int, int], now_ns: int
) -> list[Gpu]:
    """Return the GPUs that spans named.

    In a range up to now, which a page asks for every few seconds, the registry knows most of them,
    and only spans since then are looked at.
    """
    from_ns, to_ns = range_ns
    settled_ns = now_ns - REGISTERED_NS
    if from_ns < settled_ns < to_ns:
        with contextlib.suppress(StoreUnavailable):
            known = registry.seen_since(tenant, from_ns)
            return [*known, *reader.used_by_spans(tenant, settled_ns, to_ns)]
    return reader.used_by_spans(tenant, from_ns, to_ns)


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


def resource(
    reader: GpuReader, registry: GpuRegistry, tenant: str, uuid: str, now_ns: int
) -> ComputeResource:
    """Return a GPU or MIG instance with its card and its contexts; raises NotFound.

    One that the registry does not know yet is as what was committed lately says.
    """
    found = registry.find(tenant, uuid)
    if found is not None:
        return found
    mine = _lately(reader, tenant, now_ns)
    named = [each for each in mine if each.resource_uuid == uuid]
    if not named:
        raise NotFound(f"no GPU {uuid}")
    card = _first(named, "physical_uuid")
    on_card = [each for each in mine if card and card in (each.physical_uuid, each.resource_uuid)]
    return _new(named, on_card or named)


def register(reader: GpuReader, registry: GpuRegistry, tenant: str, uuid: str, now_ns: int) -> bool:
    """Have the registry know a GPU that was first seen a moment ago; return whether it was."""
    named = [each for each in _lately(reader, tenant, now_ns) if each.resource_uuid == uuid]
    if named:
        recorded_ns = registry.recorded_ns()  # as before: not all of what was committed is there
        registry.record(named, now_ns - LOOK_BACK_NS if recorded_ns is None else recorded_ns)
    return bool(named)


def _lately(reader: GpuReader, tenant: str, now_ns: int) -> list[Sighting]:
    found = reader.sighted(now_ns - REGISTERED_NS, now_ns)
    return [each for each in found if each.tenant == tenant]


def _new(sightings: list[Sighting], on_card: list[Sighting]) -> ComputeResource:
    """Return what sightings of one GPU or MIG instance say together; on_card: with the others."""
    uuid = sightings[0].resource_uuid
    card = _first(sightings, "physical_uuid") or ("" if uuid.startswith("MIG-") else uuid)
    model, vendor = _first(sightings, "model"), _first(sightings, "vendor")
    own = _computing(sightings)
    by_uuid: dict[str, list[Sighting]] = {}
    for each in on_card:
        by_uuid.setdefault(each.resource_uuid, []).append(each)
    resources = [_computing(by_uuid[name]) for name in sorted(by_uuid)]
    first, last = own.first_ns, own.last_ns
    return ComputeResource(
        resource_uuid=uuid,
        memory_bytes=own.memory_bytes,
        first_ns=first,
        last_ns=last,
        physical=PhysicalGpu(card, model, vendor, first, last, resources) if card else None,
        contexts=[
            GpuContext(
                each.host,
                each.service_name,
                each.environment,
                each.label,
                each.first_ns,
                each.last_ns,
            )
            for each in sorted(sightings, key=lambda each: -each.last_ns)
        ],
    )


def _computing(sightings: list[Sighting]) -> CardResource:
    return CardResource(
        sightings[0].resource_uuid,
        max(each.memory_bytes for each in sightings) or None,
        min(each.first_ns for each in sightings),
        max(each.last_ns for each in sightings),
    )


def _first(sightings: list[Sighting], name: str) -> str:
    return next((text for each in sightings if (text := getattr(each, name))), "")


def series(
    reader: GpuReader, tenant: str, uuid: str, from_ns: int, to_ns: int, points: int
) -> GpuSeries:
    """Return a GPU in [from_ns, to_ns), Unix ns, in at most `points` buckets of equal width.

    Raises InvalidQuery for a range without time in it and NotFound for a GPU without metrics.
    """
    check_range(from_ns, to_ns)
    width_ns = max(-(-(to_ns - from_ns) // points), SHORTEST_NS)
    buckets = reader.series(tenant, uuid, from_ns, to_ns, width_ns)
    if not buckets and not reader.is_known(tenant, uuid):
        raise NotFound(f"no metrics of GPU {uuid}")
    return GpuSeries(uuid, width_ns, buckets)
