"""Points of one GPU and time become one row; what cannot be stored is refused by name."""

from __future__ import annotations

import math

import pytest
from axonize_server.ingest.gpu.decode import MAX_MESSAGES, read_request
from axonize_server.ingest.gpu.names import COLUMNS, EMITTERS, PARTS_OF_MEMORY
from axonize_server.model import Accepted, MalformedRequest
from axonize_server.store.clickhouse.writer import GpuMetricWriter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from tests.server.gpus import GPU, attributes_of, counter, decoded, gauge, metrics
from tests.server.rows import NOW_NS

MIB = 2**20
MIG = "MIG-5b5c6f1e-0000-0000-0000-000000000002"


def rows(*sent: Metric, resource=None) -> list[dict]:
    """Return the rows without what is NULL or empty, and time in seconds after NOW_NS."""
    found = decoded("t", metrics(*sent, resource=resource))
    assert found.answers[0].message == ""
    kept = [
        {name: value for name, value in row.items() if value not in (None, "")}
        for row in found.tables[0].to_pylist()
    ]
    return [{**row, "time": (row["time"].value - NOW_NS) / 1e9} for row in kept]


def refusal(*sent: Metric) -> Accepted:
    """Return the answer to a request of which nothing is kept."""
    found = decoded("t", metrics(*sent))
    assert found.tables[0].num_rows == 0
    return found.answers[0]


def row(emitter: str, **columns) -> dict:
    return {
        "tenant_id": "t", "time": 0.0, "host": "node-1", "physical_uuid": GPU,
        "resource_uuid": GPU, "emitter": emitter, **columns,
    }  # fmt: skip


def test_the_conventions_of_opentelemetry():
    source = {"axonize__gpu__power__source": "nvml"}
    found = rows(
        gauge("hw.gpu.utilization", 0.5, hw__gpu__task="general"),
        counter("hw.gpu.memory.usage", 3 * MIB, hw__name="H100", hw__vendor="NVIDIA"),
        counter("hw.gpu.memory.limit", 80 * MIB),
        gauge("hw.temperature", 61),
        gauge("hw.power", 351.5, **source),
        counter("hw.energy", 1e6, **source),
        counter("hw.errors", 3, error__type="corrected"),
        counter("hw.errors", 0, error__type="uncorrected"),
        counter("hw.errors", 1, error__type="xid"),
        gauge("hw.gpu.speed", 1.98e9),
        gauge("hw.gpu.speed", 2.619e9, hw__gpu__clock_domain="memory"),
        gauge("axonize.gpu.throttle_reasons", 4),
        gauge("axonize.gpu.xid", 79),
        gauge("axonize.gpu.pcie.throughput", 1e9, network__io__direction="receive"),
        gauge("axonize.gpu.pcie.throughput", 2e9, network__io__direction="transmit"),
        gauge("axonize.gpu.nvlink.throughput", 3e9, network__io__direction="receive"),
        gauge("axonize.gpu.nvlink.throughput", 4e9, network__io__direction="transmit"),
        gauge("axonize.gpu.sm.active", 0.75),
        gauge("axonize.gpu.tensor.active", 0.25),
        gauge("axonize.gpu.dram.active", 1.0),
    )
    assert found == [
        row(
            "opentelemetry", model="H100", vendor="NVIDIA", power_source="nvml", utilization=0.5,
            memory_used_bytes=3 * MIB, memory_total_bytes=80 * MIB, temperature_c=61.0,
            power_w=351.5, energy_j=1e6, ecc_corrected=3, ecc_uncorrected=0, xid_errors=1,
            sm_clock_mhz=1980.0, memory_clock_mhz=2619.0, throttle_reasons=4, xid_last=79,
            pcie_rx_bytes_per_s=1e9, pcie_tx_bytes_per_s=2e9, nvlink_rx_bytes_per_s=3e9,
            nvlink_tx_bytes_per_s=4e9, sm_active=0.75, tensor_active=0.25, dram_active=1.0,
        )
    ]  # fmt: skip


def test_openlit_speaks_of_percent_and_mebibytes():
    mine = {"gpu__uuid": GPU, "gpu__name": "H100"}
    found = rows(
        gauge("gpu.utilization", 50, **mine),
        gauge("gpu.memory.used", 3, **mine),
        gauge("gpu.memory.total", 80, **mine),
        gauge("gpu.temperature", 61, **mine),
        gauge("gpu.power.draw", 351, **mine),
    )
    assert found == [
        row(
            "openlit", model="H100", utilization=0.5, memory_used_bytes=3 * MIB,
            memory_total_bytes=80 * MIB, temperature_c=61.0, power_w=351.0,
        )
    ]  # fmt: skip


def test_dcgm_speaks_of_percent_mebibytes_and_millijoules_and_names_its_host():
    labels = {"UUID": GPU, "modelName": "H100", "Hostname": "node-2"}
    found = rows(
        gauge("DCGM_FI_DEV_GPU_UTIL", 25.0, **labels),
        gauge("DCGM_FI_DEV_FB_USED", 10.0, **labels),
        gauge("DCGM_FI_DEV_FB_FREE", 60.0, **labels),
        gauge("DCGM_FI_DEV_FB_RESERVED", 10.0, **labels),
        counter("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 5_000_500.0, **labels),
        gauge("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", 0.125, **labels),
    )
    assert found == [
        {
            **row("dcgm", model="H100", utilization=0.25, memory_used_bytes=10 * MIB),
            "memory_total_bytes": 80 * MIB,
            "energy_j": 5000.5,
            "tensor_active": 0.125,
            "host": "node-2",
        }
    ]


@pytest.mark.parametrize(
    ("attributes", "resource_uuid", "physical_uuid"),
    [
        ({"hw__id": MIG, "hw__parent": GPU}, MIG, GPU),
        ({"hw__id": MIG}, MIG, ""),
        ({"hw__parent": "enclosure-1"}, GPU, GPU),
        ({"hw__id": "0000:01:00.0"}, "0000:01:00.0", "0000:01:00.0"),
    ],
)
def test_a_mig_instance_belongs_to_a_gpu(attributes, resource_uuid, physical_uuid):
    found = decoded("t", metrics(gauge("hw.power", 1.0, **attributes))).tables[0].to_pylist()[0]
    assert (found["resource_uuid"], found["physical_uuid"]) == (resource_uuid, physical_uuid)


def test_an_instance_that_dcgm_numbers_is_a_resource_of_its_own():
    sent = gauge("DCGM_FI_PROF_SM_ACTIVE", 0.5, UUID=GPU, GPU_I_ID="7")
    found = decoded("t", metrics(sent)).tables[0].to_pylist()[0]
    assert (found["resource_uuid"], found["physical_uuid"]) == (f"{GPU}:7", GPU)


def test_our_own_sdk_is_told_apart_by_its_resource():
    resource = {"telemetry.sdk.name": "axonize", "host.name": "node-1"}
    assert rows(gauge("hw.power", 1.0), resource=resource) == [row("axonize", power_w=1.0)]


def test_each_gpu_and_time_is_a_row_and_each_tenant_has_its_own():
    other = "GPU-other"
    first = metrics(
        gauge("hw.power", 1.0),
        gauge("hw.power", 2.0, seconds=1),
        gauge("hw.power", 3.0, hw__id=other),
    )
    found = decoded("t", first, metrics(), metrics(gauge("hw.power", 4.0)))
    assert found.tables[0]["power_w"].to_pylist() == [1.0, 2.0, 3.0, 4.0]
    assert found.tables[0]["resource_uuid"].to_pylist() == [GPU, GPU, other, GPU]
    assert found.answers == [Accepted(3), Accepted(0), Accepted(1)]


def test_the_end_of_a_series_is_no_fault():
    ended = gauge("hw.power", None)
    ended.gauge.data_points[0].flags = 1
    assert refusal(ended) == Accepted(0)


def histogram() -> Metric:
    metric = Metric(name="latency")
    metric.histogram.data_points.add()
    metric.histogram.data_points.add()
    return metric


def delta() -> Metric:
    metric = counter("hw.energy", 5.0)
    metric.sum.aggregation_temporality = 1
    return metric


def timeless() -> Metric:
    metric = gauge("hw.power", 1.0)
    metric.gauge.data_points[0].time_unix_nano = 0
    return metric


@pytest.mark.parametrize(
    ("sent", "reason", "points", "said"),
    [
        (histogram(), "unsupported_type", 2, "2 points are histograms or summaries"),
        (gauge("hw.fan.speed", 1.0), "unknown_metric", 1, "not stored: hw.fan.speed"),
        (delta(), "delta", 1, "send cumulative ones: hw.energy"),
        (gauge("hw.power", 1.0, hw__type="cpu"), "other_part", 1, "of other hardware"),
        (gauge("hw.temperature", 1.0, hw__sensor_location="memory"), "other_part", 1, "no column"),
        (gauge("hw.power", 1.0, hw__id=""), "no_gpu", 1, "do not name their GPU"),
        (gauge("hw.power", 1.0, hw__id=7), "no_gpu", 1, "do not name their GPU"),
        (gauge("hw.power", 1.0, hw__id="x" * 201), "no_gpu", 1, "at most 200 bytes"),
        (timeless(), "no_time", 1, "have no time"),
        (gauge("hw.power", None), "invalid_value", 1, "no number"),
        (gauge("hw.power", math.nan), "invalid_value", 1, "no number"),
        (gauge("hw.power", math.inf), "invalid_value", 1, "cannot be in the unit"),
        (gauge("hw.power", -1.0), "invalid_value", 1, "cannot be in the unit"),
        (gauge("hw.gpu.utilization", 55.0), "invalid_value", 1, "cannot be in the unit"),
        (counter("hw.gpu.memory.usage", -(2**63)), "invalid_value", 1, "cannot be in the unit"),
        (counter("hw.gpu.memory.usage", 1e300), "invalid_value", 1, "cannot be in the unit"),
    ],
)
def test_what_is_refused_is_counted_and_named(sent, reason, points, said):
    answer = refusal(sent)
    assert (answer.spans, answer.rejected, answer.reasons) == (0, points, {reason: points})
    assert said in answer.message
    assert sent.name in answer.message


def test_a_refusal_names_five_metrics():
    answer = refusal(*(gauge(f"m{number}" + "x" * 100, 1.0) for number in range(8)))
    assert answer.message.count("x" * 78) == 5
    assert answer.message.endswith(" and 3 more")


def test_a_request_with_too_many_points_is_refused_whole():
    metric = Metric(name="hw.power")
    metric.gauge.data_points.extend([metric.gauge.data_points.add()] * MAX_MESSAGES)
    with pytest.raises(MalformedRequest, match="more than 100000 metrics and points"):
        read_request("t", metrics(metric).SerializeToString())


def test_a_request_that_would_need_too_much_memory_is_not_parsed():
    empty_point = b"\x0a\x00"
    points = empty_point * (4 << 20)
    metric = b"\x2a" + varint(len(points)) + points
    scope = b"\x12" + varint(len(metric)) + metric
    resource = b"\x12" + varint(len(scope)) + scope
    with pytest.raises(MalformedRequest, match="parsing the body takes more than"):
        read_request("t", b"\x0a" + varint(len(resource)) + resource)


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05\x12\x03", b"\x0a\x04\x1a\x02\xff\xff"])
def test_bytes_that_are_no_request_are_refused(body):
    with pytest.raises(MalformedRequest, match="ExportMetricsServiceRequest"):
        read_request("t", body)


def test_only_the_first_attributes_of_a_point_are_read():
    metric = gauge("hw.power", 1.0)
    data_point = metric.gauge.data_points[0]
    del data_point.attributes[:]
    data_point.attributes.extend(attributes_of({f"k{number}": "v" for number in range(200)}))
    data_point.attributes.extend(attributes_of({"hw.id": GPU, "hw.type": "gpu"}))
    assert refusal(metric).reasons == {"other_part": 1}


def test_a_time_beyond_what_the_column_holds_is_bounded(clickhouse, tenant):
    metric = gauge("hw.power", 1.0)
    metric.gauge.data_points[0].time_unix_nano = 2**64 - 1
    GpuMetricWriter(clickhouse).insert(decoded(tenant, metrics(metric)).tables[0])
    query = (
        "SELECT toUnixTimestamp64Nano(time), power_w, energy_j FROM gpu_metrics "
        "WHERE tenant_id = {tenant:String}"
    )
    with clickhouse.client() as client:
        found = client.query(query, parameters={"tenant": tenant}).result_rows
    assert found == [(2**63 - 1, 1.0, None)]


def test_every_rule_leads_to_a_column():
    rules = [rule for name, emitter in EMITTERS.items() for rule in emitter.metrics[name]]
    assert {rule.column for rule in rules} == {*COLUMNS, *PARTS_OF_MEMORY}


def test_an_empty_request_is_fine():
    assert decoded("t", ExportMetricsServiceRequest()).answers == [Accepted(0)]
