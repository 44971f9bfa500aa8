from __future__ import annotations

import pytest
from axonize_server.api.times import format_time
from axonize_server.minutes import Histogram

from tests.server.rows import MINUTE_NS, NOW_NS, row, table

START_NS = NOW_NS - 10 * MINUTE_NS
RANGE = {"from": format_time(START_NS), "to": format_time(START_NS + 2 * MINUTE_NS)}
# floor(16 log2) of 100 ms and of 5 ms, in ns.
MS_100, MS_5 = Histogram({425: 1}).quantile_ms(1), Histogram({356: 1}).quantile_ms(1)
DURATION = {"p50": MS_100, "p95": MS_100, "p99": MS_100}
TTFT = {"p50": MS_5, "p95": MS_5, "p99": MS_5}
NONE = {"p50": None, "p95": None, "p99": None}
SUMS = {
    "spans": 2,
    "errors": 1,
    "input_tokens": 60,
    "output_tokens": 600,
    "cached_tokens": 0,
    "cost_usd": 0.0,
}


@pytest.fixture
def asked(client, writer, count_minutes, tenant):
    """Ask about two spans of one minute."""
    llm = {"service_name": "engine", "model": "llama", "operation": "chat"}
    spans = [
        row(1, 1, start_ms=-600_000, ms=100, **llm, input_tokens=60, ttft_ms=5),
        row(1, 2, start_ms=-599_000, ms=100, **llm, output_tokens=600, status="error"),
    ]
    writer.insert(table(tenant, spans))
    count_minutes()

    def ask(path: str, **parameters):
        answer = client.get(f"/api/v1/analytics/{path}", params={**RANGE, **parameters})
        return answer.status_code, answer.json()

    return ask


def test_the_overview_sums_up_each_group(asked):
    group = {"service": "engine", "model": "llama", "operation": "chat"}
    item = {**group, **SUMS, "duration_ms": DURATION, "ttft_ms": TTFT, "tpot_ms": NONE}
    assert asked("overview") == (200, {"items": [item]})
    assert asked("overview", **group) == (200, {"items": [item]})
    assert asked("overview", service="api") == (200, {"items": []})


def test_latency_comes_in_buckets(asked):
    point = {
        "time": RANGE["from"],
        "spans": 2,
        "duration_ms": DURATION,
        "ttft_ms": TTFT,
        "tpot_ms": NONE,
    }
    assert asked("latency") == (200, {"bucket_s": 60, "items": [point]})


def test_throughput_comes_in_buckets(asked):
    a_second = {"spans_per_s": 2 / 120, "input_tokens_per_s": 0.5, "output_tokens_per_s": 5.0}
    point = {"time": RANGE["from"], **SUMS, **a_second}
    assert asked("throughput", points=1) == (200, {"bucket_s": 120, "items": [point]})


@pytest.mark.parametrize("path", ["overview", "latency", "throughput"])
def test_a_range_without_time_is_a_400(asked, path):
    status, problem = asked(path, to=RANGE["from"])
    assert (status, problem["detail"]) == (400, "from: expected a time before `to`")
