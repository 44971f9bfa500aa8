"""What is stored in ClickHouse comes into the registry, even when PostgreSQL was away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pyarrow as pa
import pytest
from axonize_server.gpus import CardFacts, Identity
from axonize_server.model import StoreUnavailable
from axonize_server.store import registrar as module
from axonize_server.store.postgres.gpus import GpuRegistry
from axonize_server.store.registrar import Registrar

from tests.server.gpus import GPU, decoded, gauge, metrics
from tests.server.rows import TIMESTAMP, row, table


class Away(GpuRegistry):
    """A registry whose PostgreSQL can be taken away, and that counts what is written."""

    away = False
    writes = 0
    identifies = 0

    def identify(self, identities):
        self.identifies += 1
        return super().identify(identities)

    def record(self, sightings, recorded_ns):
        if self.away:
            raise StoreUnavailable("PostgreSQL does not answer")
        self.writes += 1
        super().record(sightings, recorded_ns)


@pytest.fixture
def registry(clickhouse, postgres):
    return Away(postgres)


@pytest.fixture
def registrar(gpu_reader, registry):
    made = Registrar(gpu_reader, registry, every_s=0.05)
    yield made
    made.stop()


def wait_for(condition: Callable[[], object]) -> None:
    by = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < by
        time.sleep(0.05)


def measure(gpu_writer, tenant, uuid=GPU):
    sent = gauge("hw.gpu.memory.limit", 80 << 30, hw__id=uuid, hw__name="H100")
    gpu_writer.insert(decoded(tenant, metrics(sent)).tables[0])


def ran_on_a_gpu(tenant):
    names = ("label", "resource_uuid", "physical_uuid", "model", "vendor", "node_id")
    used = ("cuda:0", GPU, GPU, "H100", "NVIDIA", "node-7")
    columns = {f"gpu.{name}": [value] for name, value in zip(names, used, strict=True)}
    return table(tenant, [row(1, 1, **columns), row(1, 2)])


@pytest.mark.usefixtures("registrar")
def test_metrics_and_spans_come_into_it(registry, writer, gpu_writer, tenant):
    measure(gpu_writer, tenant)
    writer.insert(ran_on_a_gpu(tenant))

    wait_for(lambda: (found := registry.find(tenant, GPU)) and len(found.contexts) == 2)

    found = registry.find(tenant, GPU)
    assert (found.memory_bytes, found.physical.model, found.physical.vendor) == (
        80 << 30, "H100", "NVIDIA",
    )  # fmt: skip
    assert {(each.host, each.label) for each in found.contexts} == {
        ("node-1", ""), ("node-7", "cuda:0"),
    }  # fmt: skip


@pytest.mark.usefixtures("registrar")
def test_it_catches_up_and_writes_what_is_known_once(registry, gpu_writer, tenant, caplog):
    registry.away = True
    measure(gpu_writer, tenant)
    with caplog.at_level(logging.WARNING):
        wait_for(lambda: "the registry of GPUs waits" in caplog.text)
    measure(gpu_writer, tenant, "GPU-later")
    time.sleep(0.2)
    assert caplog.text.count("the registry of GPUs waits") == 1
    registry.away = False
    wait_for(lambda: registry.find(tenant, GPU) and registry.find(tenant, "GPU-later"))
    writes = registry.writes
    measure(gpu_writer, tenant)
    time.sleep(0.3)
    assert registry.writes == writes


def test_what_was_long_on_its_way_is_found_within_a_minute(
    gpu_reader, registry, writer, tenant, monkeypatch
):
    monkeypatch.setattr(module, "OVERLAP_NS", 0)
    monkeypatch.setattr(module, "MINUTE_NS", 5 * module.SECOND)
    registrar = Registrar(gpu_reader, registry, every_s=0.05)
    try:
        wait_for(lambda: registrar._read_again_ns)
        at = pa.array([time.time_ns() - 4 * module.SECOND] * 2, TIMESTAMP)
        writer.insert(ran_on_a_gpu(tenant).append_column("ingested_at", at))
        wait_for(lambda: registry.find(tenant, GPU))
    finally:
        registrar.stop()


def test_what_a_gpu_is_waits_for_it_and_is_written_once(registrar, registry, gpu_writer, tenant):
    told = Identity(tenant, GPU, CardFacts(architecture="Hopper"))
    registrar.note(told)
    wait_for(lambda: registry.identifies > 1)  # it is tried again until somebody sights the GPU
    measure(gpu_writer, tenant)
    wait_for(lambda: registry.find(tenant, GPU))
    wait_for(lambda: registry.find(tenant, GPU).physical.facts == told.facts)
    wait_for(lambda: not registrar._notes)
    written = registry.identifies
    registrar.note(told)
    time.sleep(0.3)
    registrar.note(told._replace(facts=CardFacts()))  # as of a container that knows nothing
    time.sleep(0.3)
    assert registry.identifies == written
    registrar.note(told._replace(facts=CardFacts(architecture="Blackwell")))
    wait_for(lambda: registry.find(tenant, GPU).physical.facts != told.facts)
    assert registry.find(tenant, GPU).physical.facts.architecture == "Blackwell"


def test_what_is_said_of_a_gpu_that_nobody_sights_is_forgotten(registrar, monkeypatch, tenant):
    monkeypatch.setattr("axonize_server.store.notes.FORGET_AFTER_S", 0.1)
    registrar.note(Identity(tenant, "GPU-never", CardFacts(architecture="Hopper")))
    wait_for(lambda: not registrar._notes)


def test_after_a_restart_it_goes_on_where_it_was(gpu_reader, registry, gpu_writer, tenant):
    first = Registrar(gpu_reader, registry, every_s=0.05)
    measure(gpu_writer, tenant)
    wait_for(lambda: registry.find(tenant, GPU))
    first.stop()
    measure(gpu_writer, tenant, "GPU-later")
    second = Registrar(gpu_reader, registry, every_s=0.05)
    wait_for(lambda: registry.find(tenant, "GPU-later"))
    second.stop()
    assert second._read_ns > registry.recorded_ns() - 1_000_000_000
