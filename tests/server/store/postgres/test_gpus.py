"""The registry of GPUs: three layers, of one tenant each."""

from __future__ import annotations

import pytest
from axonize_server.gpus import (
    CardFacts,
    CardResource,
    ComputeResource,
    GpuContext,
    Identity,
    MigFacts,
    PhysicalGpu,
    Sighting,
)
from axonize_server.model import StoreUnavailable
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.gpus import MAX_TEXT, GpuRegistry
from msgspec.structs import replace

from tests.server.rows import NOW_NS

CARD = Sighting(
    "", "GPU-1", "GPU-1", "H100", "NVIDIA", 80 << 30, "node-1", "", "", "", NOW_NS, NOW_NS + 5_000
)
INSTANCE = CARD._replace(resource_uuid="MIG-1", memory_bytes=10 << 30)
CHAT = CARD._replace(
    physical_uuid="", model="", vendor="", memory_bytes=0, service_name="chat", label="cuda:0",
    environment="prod", first_ns=NOW_NS - 7_000, last_ns=NOW_NS + 9_000,
)  # fmt: skip


def test_what_was_sighted_is_found_in_three_layers(gpu_registry, tenant):
    sighted = [each._replace(tenant=tenant) for each in (CARD, INSTANCE, CHAT)]
    gpu_registry.record(sighted[:2], NOW_NS)
    gpu_registry.record(sighted, NOW_NS + 1_000)  # twice, and with less in it

    first, last = NOW_NS - 7_000, NOW_NS + 9_000
    assert gpu_registry.find(tenant, "GPU-1") == ComputeResource(
        "GPU-1", 80 << 30, first, last,
        PhysicalGpu("GPU-1", "H100", "NVIDIA", first, last, [
            CardResource("GPU-1", 80 << 30, first, last),
            CardResource("MIG-1", 10 << 30, NOW_NS, NOW_NS + 5_000),
        ]),
        [
            GpuContext("node-1", "chat", "prod", "cuda:0", first, last),
            GpuContext("node-1", "", "", "", NOW_NS, NOW_NS + 5_000),
        ],
    )  # fmt: skip
    instance = gpu_registry.find(tenant, "MIG-1")
    assert (instance.memory_bytes, instance.physical.physical_uuid) == (10 << 30, "GPU-1")
    assert gpu_registry.recorded_ns() >= NOW_NS + 1_000


def test_an_instance_without_its_card_has_none_until_it_is_known(gpu_registry, tenant):
    alone = INSTANCE._replace(tenant=tenant, physical_uuid="")
    gpu_registry.record([alone], NOW_NS)
    assert gpu_registry.find(tenant, "MIG-1").physical is None
    gpu_registry.record([alone._replace(physical_uuid="GPU-1")], NOW_NS)
    (found,) = gpu_registry.find(tenant, "MIG-1").physical.resources
    assert found.resource_uuid == "MIG-1"


HOPPER = CardFacts(
    architecture="Hopper", compute_capability="9.0", pci_bus_id="00000000:1B:00.0", numa_node=0,
    driver_version="580.95.05", cuda_version="13.0", nvlink_peers=["GPU-2", "GPU-3"],
    k8s_node_name="node-1", cloud_provider="aws", cloud_region="eu-central-1",
    cloud_availability_zone="eu-central-1a", host_id="i-0123456789abcdef0",
    host_type="p5.48xlarge",
)  # fmt: skip
SLICE = MigFacts(mig_profile="1g.10gb", gpu_instance_id=3, compute_instance_id=0, sm_share=0.125)


def test_what_cards_and_instances_are_is_kept_with_them(gpu_registry, tenant):
    told = [Identity(tenant, "GPU-1", HOPPER), Identity(tenant, "MIG-1", SLICE)]
    assert gpu_registry.identify(told) == [], "they are not sighted yet"
    gpu_registry.record([each._replace(tenant=tenant) for each in (CARD, INSTANCE)], NOW_NS)
    assert gpu_registry.identify([*told, Identity(tenant, "GPU-2", HOPPER)]) == told
    card, instance = gpu_registry.find(tenant, "GPU-1"), gpu_registry.find(tenant, "MIG-1")
    assert (card.physical.facts, instance.physical.facts) == (HOPPER, HOPPER)
    assert (card.mig, instance.mig) == (None, SLICE)
    assert [each.mig for each in card.physical.resources] == [None, SLICE]
    assert gpu_registry.identities(tenant, ["GPU-1", "MIG-1", "GPU-2"]) == {
        "GPU-1": (HOPPER, None),
        "MIG-1": (HOPPER, SLICE),
    }
    odd = CardFacts(architecture="a\0b", nvlink_peers=["\0"])
    assert len(gpu_registry.identify([Identity(tenant, "GPU-1", odd)])) == 1
    found = gpu_registry.find(tenant, "GPU-1").physical.facts
    assert found == replace(HOPPER, architecture="ab", nvlink_peers=[""])


def test_what_a_sender_does_not_say_stays_as_another_has_said_it(gpu_registry, tenant):
    gpu_registry.record([each._replace(tenant=tenant) for each in (CARD, INSTANCE)], NOW_NS)
    gpu_registry.identify([Identity(tenant, "GPU-1", HOPPER), Identity(tenant, "MIG-1", SLICE)])
    less = [
        Identity(tenant, "GPU-1", CardFacts(driver_version="590.1")),
        Identity(tenant, "MIG-1", MigFacts(gpu_instance_id=4)),
    ]
    assert gpu_registry.identify(less) == less
    instance = gpu_registry.find(tenant, "MIG-1")
    assert instance.physical.facts == replace(HOPPER, driver_version="590.1")
    assert instance.mig == replace(SLICE, gpu_instance_id=4)


def test_another_tenant_knows_nothing(gpu_registry, tenant):
    gpu_registry.record([CARD._replace(tenant=tenant)], NOW_NS)
    assert gpu_registry.find("another", "GPU-1") is None
    assert gpu_registry.find(tenant, "GPU-2") is None


def test_text_that_no_key_can_hold_is_cut(gpu_registry, tenant):
    odd = CHAT._replace(tenant=tenant, host="a\0b" + "\U0001f600" * 500, label="x" * 5_000)
    gpu_registry.record([odd], NOW_NS)
    (context,) = gpu_registry.find(tenant, "GPU-1").contexts
    assert context.host == "ab" + "\U0001f600" * (MAX_TEXT - 3)
    assert context.label == "x" * MAX_TEXT


def test_without_postgres_it_says_so():
    with pytest.raises(StoreUnavailable):
        GpuRegistry(Postgres("host=127.0.0.1 port=1")).record([CARD], NOW_NS)
