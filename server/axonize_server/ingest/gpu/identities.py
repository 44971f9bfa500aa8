"""What GPUs are: the points of axonize.gpu.info to records of the registry."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from axonize_server.gpus import CardFacts, Identity, MigFacts
from axonize_server.ingest.gpu.points import MAX_ATTRIBUTES, MAX_TEXT, Texts, texts_of

INFO = "axonize.gpu.info"
MOST_PEERS = 64
_LARGEST = 2**31 - 1  # of an integer of PostgreSQL
_CARD = {
    "driver_version": "hw.driver_version",
    "architecture": "axonize.gpu.architecture",
    "compute_capability": "axonize.gpu.compute_capability",
    "cuda_version": "axonize.gpu.cuda_version",
    "pci_bus_id": "axonize.gpu.pci_bus_id",
}
_PLACE = {
    "k8s_node_name": "k8s.node.name",
    "cloud_provider": "cloud.provider",
    "cloud_region": "cloud.region",
    "cloud_availability_zone": "cloud.availability_zone",
    "host_id": "host.id",
    "host_type": "host.type",
}


def read_identity(tenant: str, resource: Texts, point: NumberDataPoint) -> Identity | None:
    """Return what a point says; None when it does not say of which GPU."""
    texts = texts_of(point.attributes)
    uuid = texts.get("hw.id")
    if not uuid or texts.get("hw.type") != "gpu":
        return None
    values = {pair.key: pair.value for pair in point.attributes[:MAX_ATTRIBUTES]}
    facts = _part(texts, values) if texts.get("hw.parent") else _card(texts, values, resource)
    return Identity(tenant, uuid, facts)


def _card(texts: Texts, values: Mapping[str, AnyValue], resource: Texts) -> CardFacts:
    return CardFacts(
        **{field: texts.get(name) or None for field, name in _CARD.items()},
        **{field: resource.get(name) or None for field, name in _PLACE.items()},
        numa_node=_count(values.get("axonize.gpu.numa_node")),
        nvlink_peers=_texts(values.get("axonize.gpu.nvlink.peers")),
    )


def _part(texts: Texts, values: Mapping[str, AnyValue]) -> MigFacts:
    return MigFacts(
        mig_profile=texts.get("axonize.gpu.mig.profile") or None,
        gpu_instance_id=_count(values.get("axonize.gpu.mig.gpu_instance_id")),
        compute_instance_id=_count(values.get("axonize.gpu.mig.compute_instance_id")),
        sm_share=_share(values.get("axonize.gpu.mig.sm_share")),
    )


def _count(value: AnyValue | None) -> int | None:
    if value is None or value.WhichOneof("value") != "int_value":
        return None
    return value.int_value if 0 <= value.int_value <= _LARGEST else None


def _share(value: AnyValue | None) -> float | None:
    if value is None or value.WhichOneof("value") not in ("double_value", "int_value"):
        return None
    share: Any = getattr(value, str(value.WhichOneof("value")))
    return float(share) if math.isfinite(share) and 0 <= share <= 1 else None


def _texts(value: AnyValue | None) -> list[str]:
    if value is None:
        return []
    texts = (each.string_value for each in value.array_value.values[:MOST_PEERS])
    return [text for text in texts if 0 < len(text) <= MAX_TEXT]
