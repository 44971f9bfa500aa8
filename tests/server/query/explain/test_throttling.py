from __future__ import annotations

from axonize_server.query.explain.explain import Readers, explain

from tests.server.explaining import MS
from tests.server.gpus import GPU, decoded, gauge, metrics
from tests.server.rows import row, table, trace_id

POWER_CAP, IDLE = 0x4, 0x1


def explained(reader, step_reader, gpu_reader, writer, tenant):
    gpu = {"gpu.label": ["cuda:0"], "gpu.resource_uuid": [GPU], "gpu.physical_uuid": [GPU]}
    rest = {f"gpu.{name}": [""] for name in ("model", "vendor", "node_id")}
    rows = [row(1, 1, ms=3000), row(1, 2, 1, name="forward", start_ms=500, ms=2000, **gpu, **rest)]
    writer.insert(table(tenant, rows))
    return explain(Readers(reader, step_reader, gpu_reader), tenant, trace_id(1))


def readings(*bits):
    return [
        gauge("axonize.gpu.throttle_reasons", each, seconds=second)
        for second, each in enumerate(bits)
    ]


def test_a_gpu_is_throttled_from_one_reading_to_the_next(
    reader, step_reader, gpu_reader, gpu_writer, writer, tenant
):
    sent = [
        *readings(0, POWER_CAP | IDLE, 0),
        gauge("hw.gpu.speed", 9e8, seconds=1, hw__gpu__clock_domain="graphics"),
    ]
    gpu_writer.insert(decoded(tenant, metrics(*sent)).tables[0])
    (fact,) = explained(reader, step_reader, gpu_reader, writer, tenant).facts
    assert (fact.kind, fact.duration_ns) == ("gpu_throttled", 1000 * MS)
    assert fact.text == f"GPU {GPU} throttled for 1.00 s: software power cap"
    assert fact.evidence.counters["throttled_samples"] == 1
    assert fact.evidence.counters["samples"] == 3


def test_a_reading_holds_for_two_seconds_and_an_idle_gpu_is_not_slowed_down(
    reader, step_reader, gpu_reader, gpu_writer, writer, tenant
):
    gpu_writer.insert(decoded(tenant, metrics(*readings(POWER_CAP))).tables[0])
    (fact,) = explained(reader, step_reader, gpu_reader, writer, tenant).facts
    assert fact.duration_ns == 1500 * MS
    idle = decoded(f"{tenant}-idle", metrics(*readings(IDLE, IDLE)))
    gpu_writer.insert(idle.tables[0])
    assert explained(reader, step_reader, gpu_reader, writer, f"{tenant}-idle").facts == []


def test_a_gpu_that_nobody_measured_was_not_seen_to_be_throttled(
    reader, step_reader, gpu_reader, writer, tenant
):
    assert explained(reader, step_reader, gpu_reader, writer, tenant).facts == []
