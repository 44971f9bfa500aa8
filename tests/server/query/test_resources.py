from __future__ import annotations

import pytest
from axonize_server.gpus import FleetBucket
from axonize_server.minutes import SpanFilter
from axonize_server.model import InvalidQuery
from axonize_server.query import resources
from axonize_server.steps import StepBucket

from tests.server.gpus import GPU, decoded, gauge, metrics
from tests.server.rows import NOW_NS
from tests.server.steps import Rider, charges, idle, step, steps_body
from tests.server.steps import decoded as decoded_steps

SECOND = 1_000_000_000
RANGE = (NOW_NS, NOW_NS + 60 * SECOND)
EVERY = SpanFilter()


def test_engines_are_averaged_each_by_itself_then_added_up(writer, step_reader, tenant):
    busy = [Rider("a", scheduled=8, prefill=6), Rider("b")]
    sent = steps_body(
        step(1, busy, start_ms=1_000, preempted_ids=["c"], kv_cache_usage=0.5, joules=2.0),
        step(2, [Rider("a")], start_ms=2_000, kv_cache_usage=0.7),
        step(1, busy, start_ms=1_500, engine="engine-b-0", waiting=4),
        step(2, busy, start_ms=31_000, engine="engine-b-0"),
        idle(start_ms=5_000, ms=4000, charged=charges(idle_s=4.0)),  # no step
    )
    writer.insert(*decoded_steps(tenant, sent))
    writer.insert(*decoded_steps(tenant, sent))  # every step came twice
    width_ns, found = resources.engines(step_reader, tenant, EVERY, *RANGE, 6)
    assert width_ns == 10 * SECOND
    first, last = found
    assert first == StepBucket(
        start_ns=NOW_NS, steps=3, running=1.5 + 2, waiting=2.0 + 4,
        kv_cache_usage=pytest.approx((0.6 + 0.25) / 2), max_kv_cache_usage=0.7, tokens=19,
        prefill_tokens=12, preemptions=1, busy_seconds=0.003, gpu_seconds=0.003, energy_j=2.0,
    )  # fmt: skip
    assert (last.start_ns, last.steps, last.running) == (NOW_NS + 30 * SECOND, 1, 2.0)
    for other in (SpanFilter(model="qwen"), SpanFilter(service="api")):
        assert resources.engines(step_reader, tenant, other, *RANGE, 6)[1] == []
    wanted = SpanFilter(model="llama", service="engine")
    assert resources.engines(step_reader, tenant, wanted, *RANGE, 6)[1] == found


def test_gpus_are_averaged_each_by_itself_and_watts_are_those_of_cards(
    gpu_writer, gpu_reader, tenant
):
    other = {"hw.id": "GPU-2"}
    part = {"hw.id": "MIG-1", "hw.parent": "GPU-2"}

    def put(name: str, value: float, seconds: float, **attributes) -> None:
        sent = metrics(gauge(name, value, seconds=seconds, **attributes))
        gpu_writer.insert(decoded(tenant, sent).tables[0])

    for seconds in (1, 2, 3):
        put("hw.gpu.utilization", 0.9, seconds)
        put("hw.power", 400.0 + seconds, seconds)
    put("hw.power", 100.0, 1, **other)
    put("hw.gpu.utilization", 0.3, 1, **part)
    put("hw.power", 60.0, 1, **part)
    put("hw.gpu.memory.usage", 5.0, 21)
    width_ns, found = resources.gpus(gpu_reader, tenant, *RANGE, 6)
    assert width_ns == 10 * SECOND
    assert found == [
        FleetBucket(NOW_NS, 3, pytest.approx(0.6), pytest.approx(0.9), pytest.approx(502.0), None),
        FleetBucket(NOW_NS + 20 * SECOND, 1, None, None, None, 5.0),
    ]
    assert resources.gpus(gpu_reader, f"not {tenant}", *RANGE, 6) == (width_ns, [])
    assert GPU


def test_a_range_without_time_is_refused(step_reader, gpu_reader, tenant):
    with pytest.raises(InvalidQuery, match="from: expected"):
        resources.engines(step_reader, tenant, EVERY, NOW_NS, NOW_NS, 6)
    with pytest.raises(InvalidQuery, match="from: expected"):
        resources.gpus(gpu_reader, tenant, NOW_NS, NOW_NS, 6)
