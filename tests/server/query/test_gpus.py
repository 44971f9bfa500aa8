"""A GPU over time, from what OTLP brought."""

from __future__ import annotations

import time

import pytest
from axonize_server.gpus import Gpu, Sighting, Statistics
from axonize_server.model import InvalidQuery, NotFound
from axonize_server.query import gpus
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.gpus import GpuRegistry

from tests.server.gpus import GPU, counter, decoded, gauge, metrics
from tests.server.rows import NOW_NS, row, table

SECOND = 1_000_000_000
RANGE = (NOW_NS, NOW_NS + 60 * SECOND)


@pytest.fixture
def store(gpu_writer, tenant):
    """Store requests, one block each."""

    def insert(*sent, **options):
        gpu_writer.insert(decoded(tenant, metrics(*sent, **options)).tables[0])

    return insert


@pytest.fixture
def buckets(gpu_reader, tenant):
    """Ask for GPU in six buckets of ten seconds."""
    return lambda: gpus.series(gpu_reader, tenant, GPU, *RANGE, 6).buckets


def test_a_bucket_says_average_minimum_and_maximum(store, buckets):
    store(*(gauge("hw.power", float(watts), seconds=watts) for watts in range(30)))
    found = buckets()
    assert [bucket.start_ns for bucket in found] == [NOW_NS + n * 10 * SECOND for n in range(3)]
    assert [bucket.samples for bucket in found] == [10, 10, 10]
    assert [bucket.gauges["power_w"] for bucket in found] == [
        Statistics(4.5, 0.0, 9.0), Statistics(14.5, 10.0, 19.0), Statistics(24.5, 20.0, 29.0)
    ]  # fmt: skip
    assert {bucket.gauges["utilization"] for bucket in found} == {None}
    assert {bucket.energy_j for bucket in found} == {None}


def test_zero_is_a_measurement(store, buckets):
    store(gauge("hw.power", 0.0), counter("hw.errors", 0, error__type="corrected"))
    (bucket,) = buckets()
    assert bucket.gauges["power_w"] == Statistics(0.0, 0.0, 0.0)
    assert (bucket.ecc_corrected, bucket.ecc_uncorrected) == (0, None)


def test_energy_is_what_the_counter_gained_across_buckets_and_resets(store, buckets):
    readings = {1: 1000.0, 9: 1080.0, 11: 1100.0, 15: 30.0, 25: 130.0}
    store(*(counter("hw.energy", joules, seconds=at) for at, joules in readings.items()))
    assert [bucket.energy_j for bucket in buckets()] == [80.0, 20.0 + 30.0, 100.0]


def test_a_sample_without_the_counter_does_not_hide_what_was_used(store, buckets):
    store(counter("hw.energy", 1000.0), counter("hw.energy", 1100.0, seconds=2))
    store(gauge("hw.power", 50.0, seconds=1))
    assert [bucket.energy_j for bucket in buckets()] == [100.0]


def test_two_emitters_that_read_one_counter_do_not_double_it(store, buckets):
    store(*(counter("hw.energy", 1000.0 + at, seconds=at) for at in range(3)))
    dcgm = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"
    store(*(counter(dcgm, 1e6 + at * 1e3, seconds=at + 0.5, UUID=GPU) for at in range(3)))
    assert [(bucket.energy_j, bucket.samples) for bucket in buckets()] == [(2.0, 6)]


def test_a_request_sent_twice_and_one_in_parts_change_nothing(store, buckets):
    store(gauge("hw.power", 10.0), counter("hw.energy", 5.0))
    store(gauge("hw.power", 10.0), counter("hw.energy", 5.0))
    store(gauge("hw.gpu.utilization", 0.5))
    store(gauge("hw.power", 40.0, seconds=1), counter("hw.energy", 25.0, seconds=1))
    (bucket,) = buckets()
    assert (bucket.samples, bucket.energy_j) == (2, 20.0)
    assert bucket.gauges["power_w"] == Statistics(25.0, 10.0, 40.0)
    assert bucket.gauges["utilization"] == Statistics(0.5, 0.5, 0.5)


def test_bits_of_throttling_are_of_all_samples_and_the_last_xid_is_the_last(store, buckets):
    for at, bits, xid in ((0, 1, 79), (1, 4, 31)):
        store(gauge("axonize.gpu.throttle_reasons", bits, seconds=at))
        store(gauge("axonize.gpu.xid", xid, seconds=at))
    (bucket,) = buckets()
    assert (bucket.throttle_reasons, bucket.xid_last) == (5, 31)


def test_a_gpu_of_another_time_has_no_buckets_and_an_unknown_one_is_not_found(
    store, gpu_reader, tenant
):
    store(gauge("hw.power", 1.0))
    later = (RANGE[1], RANGE[1] + SECOND)
    assert gpus.series(gpu_reader, tenant, GPU, *later, 10).buckets == []
    with pytest.raises(NotFound, match="GPU-unknown"):
        gpus.series(gpu_reader, tenant, "GPU-unknown", *RANGE, 10)
    with pytest.raises(NotFound):
        gpus.series(gpu_reader, "another-tenant", GPU, *RANGE, 10)


def test_a_range_without_time_has_no_meaning(gpu_reader, gpu_registry, tenant):
    for ask in (
        lambda: gpus.series(gpu_reader, tenant, GPU, NOW_NS, NOW_NS, 10),
        lambda: gpus.seen(gpu_reader, gpu_registry, tenant, NOW_NS, NOW_NS, NOW_NS),
    ):
        with pytest.raises(InvalidQuery, match="before `to`"):
            ask()


def test_a_bucket_is_a_millisecond_at_least(store, gpu_reader, tenant):
    store(gauge("hw.power", 1.0))
    assert gpus.series(gpu_reader, tenant, GPU, NOW_NS, NOW_NS + 10, 10).width_ns == 1_000_000


HOUR = 3600 * SECOND


def used(uuid: str, card: str = "") -> dict[str, list[str]]:
    """Return the columns of a span that ran on a GPU."""
    values = {
        "label": "cuda:0",
        "resource_uuid": uuid,
        "physical_uuid": card or uuid,
        "model": "H100",
        "vendor": "NVIDIA",
        "node_id": "node-7",
    }
    return {f"gpu.{name}": [value] for name, value in values.items()}


@pytest.fixture
def seen(writer, gpu_reader, gpu_registry, tenant):
    """Ask which GPUs an hour names, of which spans name two and the registry a third."""
    old = row(1, 1, start_ms=-1_800_000, **used("GPU-only-in-spans"))
    new = row(1, 2, start_ms=-1_000, **used("MIG-new", "GPU-new"))
    writer.insert(table(tenant, [old, new]))
    known = Sighting(
        *(tenant, "GPU-old", "GPU-old", "A100", "NVIDIA", 0, "node-1", "api", "", "cuda:0"),
        *(NOW_NS - 9 * HOUR, NOW_NS - HOUR // 2),
    )
    gone = known._replace(resource_uuid="GPU-gone", last_ns=NOW_NS - 2 * HOUR)
    gpu_registry.record([known, gone], NOW_NS)

    def ask(to_ns: int = NOW_NS, registry=gpu_registry):
        range_ns = (to_ns - HOUR, to_ns)
        found = gpus.seen(gpu_reader, registry, tenant, *range_ns, NOW_NS)
        return {each.resource_uuid: each for each in found}

    return ask


def test_up_to_now_the_registry_says_what_older_spans_named(seen):
    found = seen()
    assert sorted(found) == ["GPU-old", "MIG-new"]
    assert found["GPU-old"] == Gpu(
        resource_uuid="GPU-old",
        physical_uuid="GPU-old",
        host="node-1",
        model="A100",
        vendor="NVIDIA",
        first_ns=NOW_NS - HOUR,
        last_ns=NOW_NS - HOUR // 2,
    )
    assert found["MIG-new"].physical_uuid == "GPU-new"


def test_a_range_in_the_past_is_what_its_spans_name(seen):
    assert sorted(seen(NOW_NS - 600 * SECOND)) == ["GPU-only-in-spans"]


def test_without_the_registry_all_spans_are_looked_at(seen):
    away = GpuRegistry(Postgres("host=/nowhere"))
    assert sorted(seen(registry=away)) == ["GPU-only-in-spans", "MIG-new"]


def test_a_gpu_that_the_registry_lacks_is_as_it_was_seen_lately(
    writer, gpu_reader, gpu_registry, tenant
):
    spans = [row(1, 1, **used("MIG-new", "GPU-new")), row(1, 2, ms=9, **used("MIG-new", "GPU-new"))]
    spans.append(row(1, 3, **used("MIG-other", "GPU-new")))
    writer.insert(table(tenant, spans))
    now_ns = time.time_ns() + SECOND
    found = gpus.resource(gpu_reader, gpu_registry, tenant, "MIG-new", now_ns)
    assert found.physical is not None
    assert (found.physical.physical_uuid, found.physical.model) == ("GPU-new", "H100")
    assert [each.resource_uuid for each in found.physical.resources] == ["MIG-new", "MIG-other"]
    (context,) = found.contexts
    assert (context.host, context.service_name, context.label) == ("node-7", "api", "cuda:0")
    assert (found.first_ns, found.last_ns) == (NOW_NS, NOW_NS + 9_000_000)
    with pytest.raises(NotFound):
        gpus.resource(gpu_reader, gpu_registry, "another-tenant", "MIG-new", now_ns)
