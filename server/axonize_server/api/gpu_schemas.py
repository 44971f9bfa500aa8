"""What the wire carries of GPUs; units are in the names, ratios are from 0 to 1."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from axonize_server import gpus
from axonize_server.api.schemas import Time
from axonize_server.api.times import format_time
from axonize_server.gpus import GpuSample, Statistics
from axonize_server.query.cost import CardPrice


class CloudInstance(msgspec.Struct, frozen=True):
    """The machine in its cloud, under OpenTelemetry's names; what is not known is null."""

    provider: str
    region: str | None
    availability_zone: str | None
    host_id: str | None
    host_type: str | None


class GpuIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What a card is, as the SDK on its machine said it last; what is not known is null."""

    architecture: str | None
    compute_capability: str | None
    pci_bus_id: str | None
    numa_node: int | None
    driver_version: str | None
    cuda_version: Annotated[str | None, Meta(description="The newest that the driver supports.")]
    nvlink_peers: Annotated[
        list[str], Meta(description="Cards that it reaches over NVLink, by UUID.")
    ]
    k8s_node_name: str | None
    cloud: CloudInstance | None


class MigInstance(msgspec.Struct, frozen=True):
    """A part of a card that computes on its own."""

    profile: Annotated[str | None, Meta(description="Such as 3g.40gb.")]
    gpu_instance_id: int | None
    compute_instance_id: int | None
    sm_share: Annotated[
        float | None, Meta(description="Of the card's multiprocessors; its power is this share.")
    ]


class GpuSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU or MIG instance that was seen in the range."""

    resource_uuid: Annotated[str, Meta(description="The GPU or MIG instance.")]
    physical_uuid: str | None
    host: str | None
    model: str | None
    vendor: str | None
    first_seen: Time
    last_seen: Time
    sample: Annotated[
        GpuSample | None,
        Meta(description="Last value of each measurement; null when only spans name the GPU."),
    ]
    identity: Annotated[GpuIdentity | None, Meta(description="Of its card; null until it is said.")]
    mig: Annotated[MigInstance | None, Meta(description="Null for a whole GPU.")]


class GpuList(msgspec.Struct, frozen=True):
    """GPUs by host and id."""

    items: list[GpuSummary]


class GpuPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU within one bucket of time; what was not measured is null."""

    time: Annotated[Time, Meta(description="Start of the bucket.")]
    samples: int
    energy_j: Annotated[
        float | None, Meta(description="What was used since the sample before the bucket's first.")
    ]
    memory_total_bytes: int | None
    throttle_reasons: Annotated[int | None, Meta(description="NVML's bits, of all samples.")]
    ecc_corrected: Annotated[int | None, Meta(description="Counter at its highest.")]
    ecc_uncorrected: Annotated[int | None, Meta(description="Counter at its highest.")]
    xid_errors: Annotated[int | None, Meta(description="Counter at its highest.")]
    xid_last: Annotated[int | None, Meta(description="Code of the last XID error.")]
    utilization: Statistics | None
    memory_used_bytes: Statistics | None
    temperature_c: Statistics | None
    power_w: Statistics | None
    sm_clock_mhz: Statistics | None
    memory_clock_mhz: Statistics | None
    pcie_rx_bytes_per_s: Statistics | None
    pcie_tx_bytes_per_s: Statistics | None
    nvlink_rx_bytes_per_s: Statistics | None
    nvlink_tx_bytes_per_s: Statistics | None
    sm_active: Statistics | None
    tensor_active: Statistics | None
    dram_active: Statistics | None


class GpuMetrics(msgspec.Struct, frozen=True):
    """A GPU over time; buckets without a sample are left out."""

    resource_uuid: str
    width_ms: Annotated[float, Meta(description="Of each bucket.")]
    points: list[GpuPoint]


PriceSource = Annotated[
    Literal["gpu", "model"] | None,
    Meta(description="Set for this card (`gpu`), or in the settings for its model."),
]
UsdPerHour = Annotated[float | None, Meta(description="US dollars an hour; null for no price.")]


class GpuPrice(msgspec.Struct, frozen=True):
    """A price of a card; null: from then on that of its model holds again."""

    valid_from: Time
    cost_per_hour_usd: float | None


class PriceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price to set for a card."""

    cost_per_hour_usd: Annotated[
        Annotated[float, Meta(ge=0, le=1e9)] | None,
        Meta(description="US dollars an hour; null for what its model costs."),
    ]
    valid_from: Annotated[
        str | None, Meta(description="From when on, RFC 3339, also in the past; now by default.")
    ] = None


class CardResource(msgspec.Struct, frozen=True):
    """What computes on a card: the card itself, or a MIG instance."""

    resource_uuid: str
    memory_bytes: int | None
    first_seen: Time
    last_seen: Time
    mig: MigInstance | None


class PhysicalGpu(msgspec.Struct, frozen=True):
    """A card."""

    physical_uuid: str
    model: str | None
    vendor: str | None
    first_seen: Time
    last_seen: Time
    resource_uuids: Annotated[
        list[str], Meta(description="What computes on it: itself, its MIG instances.")
    ]
    resources: Annotated[list[CardResource], Meta(description="The same, each with what it is.")]
    identity: Annotated[GpuIdentity | None, Meta(description="Null until it is said.")]
    cost_per_hour_usd: UsdPerHour
    price_source: PriceSource
    prices: Annotated[list[GpuPrice], Meta(description="Set for this card, in order of time.")]


class GpuContext(msgspec.Struct, frozen=True):
    """Where and for whom a GPU was used; what is not known is null."""

    host: str | None
    service_name: Annotated[str | None, Meta(description="Null when only metrics say so.")]
    environment: str | None
    label: Annotated[str | None, Meta(description="What the process calls it, such as cuda:0.")]
    first_seen: Time
    last_seen: Time


class ComputeResource(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU or MIG instance, its card, and who uses it; at most a minute and a half old."""

    resource_uuid: str
    memory_bytes: int | None
    mig: Annotated[MigInstance | None, Meta(description="Null for a whole GPU.")]
    first_seen: Time
    last_seen: Time
    physical: PhysicalGpu | None
    contexts_now: Annotated[
        list[GpuContext], Meta(description="Those seen in the last five minutes.")
    ]
    contexts_before: Annotated[list[GpuContext], Meta(description="The others, newest first.")]


NOW_NS = 300_000_000_000  # how long ago is now


def resource(found: gpus.ComputeResource, price: CardPrice | None, now_ns: int) -> ComputeResource:
    """Write a GPU with its three layers for the wire."""
    now = [each for each in found.contexts if each.last_ns > now_ns - NOW_NS]
    return ComputeResource(
        resource_uuid=found.resource_uuid,
        memory_bytes=found.memory_bytes,
        mig=_mig(found.mig),
        first_seen=format_time(found.first_ns),
        last_seen=format_time(found.last_ns),
        physical=_physical(found.physical, price) if found.physical and price else None,
        contexts_now=[_context(each) for each in now],
        contexts_before=[_context(each) for each in found.contexts[len(now) :]],
    )


def _physical(found: gpus.PhysicalGpu, price: CardPrice) -> PhysicalGpu:
    return PhysicalGpu(
        found.physical_uuid,
        found.model or None,
        found.vendor or None,
        format_time(found.first_ns),
        format_time(found.last_ns),
        [each.resource_uuid for each in found.resources],
        [_card_resource(each) for each in found.resources],
        _identity(found.facts),
        price.usd_per_hour,
        price.source,
        [GpuPrice(format_time(each.from_ns), each.usd_per_hour) for each in price.history],
    )


def _card_resource(found: gpus.CardResource) -> CardResource:
    return CardResource(
        found.resource_uuid,
        found.memory_bytes,
        format_time(found.first_ns),
        format_time(found.last_ns),
        _mig(found.mig),
    )


def _identity(facts: gpus.CardFacts | None) -> GpuIdentity | None:
    if facts is None:
        return None
    return GpuIdentity(
        architecture=facts.architecture,
        compute_capability=facts.compute_capability,
        pci_bus_id=facts.pci_bus_id,
        numa_node=facts.numa_node,
        driver_version=facts.driver_version,
        cuda_version=facts.cuda_version,
        nvlink_peers=facts.nvlink_peers,
        k8s_node_name=facts.k8s_node_name,
        cloud=_cloud(facts),
    )


def _cloud(facts: gpus.CardFacts) -> CloudInstance | None:
    if facts.cloud_provider is None:
        return None
    return CloudInstance(
        facts.cloud_provider,
        facts.cloud_region,
        facts.cloud_availability_zone,
        facts.host_id,
        facts.host_type,
    )


def _mig(facts: gpus.MigFacts | None) -> MigInstance | None:
    if facts is None:
        return None
    return MigInstance(
        facts.mig_profile, facts.gpu_instance_id, facts.compute_instance_id, facts.sm_share
    )


def _context(found: gpus.GpuContext) -> GpuContext:
    return GpuContext(
        found.host or None,
        found.service_name or None,
        found.environment or None,
        found.label or None,
        format_time(found.first_ns),
        format_time(found.last_ns),
    )


def gpu(found: gpus.Gpu) -> GpuSummary:
    """Write a GPU for the wire."""
    return GpuSummary(
        resource_uuid=found.resource_uuid,
        physical_uuid=found.physical_uuid or None,
        host=found.host or None,
        model=found.model or None,
        vendor=found.vendor or None,
        first_seen=format_time(found.first_ns),
        last_seen=format_time(found.last_ns),
        sample=found.sample,
        identity=_identity(found.facts),
        mig=_mig(found.mig),
    )


def metrics(found: gpus.GpuSeries) -> GpuMetrics:
    """Write a GPU over time for the wire."""
    points = [_point(bucket) for bucket in found.buckets]
    return GpuMetrics(found.resource_uuid, found.width_ns / 1e6, points)


def _point(bucket: gpus.GpuBucket) -> GpuPoint:
    fields = msgspec.structs.asdict(bucket)
    gauges, start_ns = fields.pop("gauges"), fields.pop("start_ns")
    return GpuPoint(time=format_time(start_ns), **fields, **gauges)
