"""A GPU over time, from what OTLP brought."""

from __future__ import annotations

import pytest
from axonize_server.gpus import Statistics
from axonize_server.model import InvalidQuery, NotFound
from axonize_server.query import gpus

from tests.server.gpus import GPU, counter, decoded, gauge, metrics
from tests.server.rows import NOW_NS

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


def test_a_range_without_time_has_no_meaning(gpu_reader, tenant):
    for ask in (
        lambda: gpus.series(gpu_reader, tenant, GPU, NOW_NS, NOW_NS, 10),
        lambda: gpus.seen(gpu_reader, tenant, NOW_NS, NOW_NS),
    ):
        with pytest.raises(InvalidQuery, match="before `to`"):
            ask()


def test_a_bucket_is_a_millisecond_at_least(store, gpu_reader, tenant):
    store(gauge("hw.power", 1.0))
    assert gpus.series(gpu_reader, tenant, GPU, NOW_NS, NOW_NS + 10, 10).width_ns == 1_000_000
