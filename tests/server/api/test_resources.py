from __future__ import annotations

from axonize_server.api.times import format_time

from tests.server.gpus import decoded as decoded_metrics
from tests.server.gpus import gauge, metrics
from tests.server.rows import MINUTE_NS, NOW_NS
from tests.server.steps import Rider, decoded, step, steps_body

RANGE = {"from": format_time(NOW_NS), "to": format_time(NOW_NS + MINUTE_NS)}


def test_engines_over_time(client, writer, tenant):
    sent = steps_body(step(1, [Rider("a", scheduled=6, prefill=6)], start_ms=1_000))
    writer.insert(*decoded(tenant, sent))
    answer = client.get("/api/v1/analytics/engines", params={**RANGE, "points": 1})
    point = {
        "time": RANGE["from"], "steps": 1, "running": 1.0, "waiting": 2.0, "kv_cache_usage": 0.25,
        "max_kv_cache_usage": 0.25, "tokens_per_s": 0.1, "prefill_tokens_per_s": 0.1,
        "preemptions": 0, "busy_seconds": 0.001, "gpu_seconds": 0.001, "energy_j": 0.0,
    }  # fmt: skip
    assert answer.json() == {"width_ms": 60_000, "items": [point]}
    none = client.get("/api/v1/analytics/engines", params={**RANGE, "model": "qwen"})
    assert none.json()["items"] == []


def test_gpus_over_time(client, gpu_writer, tenant):
    sent = metrics(gauge("hw.power", 250.0, seconds=1))
    gpu_writer.insert(decoded_metrics(tenant, sent).tables[0])
    answer = client.get("/api/v1/analytics/gpus", params={**RANGE, "points": 1})
    point = {
        "time": RANGE["from"], "resources": 1, "utilization": None, "max_utilization": None,
        "power_w": 250.0, "memory_used_bytes": None,
    }  # fmt: skip
    assert answer.json() == {"width_ms": 60_000, "items": [point]}


def test_a_range_without_time_is_a_400(client):
    for path in ("engines", "gpus"):
        answer = client.get(f"/api/v1/analytics/{path}", params={**RANGE, "to": RANGE["from"]})
        assert answer.status_code == 400
        assert answer.json()["detail"] == "from: expected a time before `to`"
