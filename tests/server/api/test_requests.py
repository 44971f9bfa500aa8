from __future__ import annotations

import pytest
from axonize_server.api.times import format_time
from axonize_server.store.clickhouse.minutes.rollup import MinuteRollup

from tests.server.rows import MINUTE_NS, NOW_NS, row, table

START_NS = NOW_NS - 10 * MINUTE_NS
RANGE = {"from": format_time(START_NS), "to": format_time(NOW_NS)}
BOX = {"box_from": RANGE["from"], "box_to": RANGE["to"]}


@pytest.fixture
def asked(client, writer, tenant):
    """Ask about twelve fast traces and twelve slow ones, which failed."""
    rows = [row(n, 1, start_ms=-300_000, ms=1, service_name="fast") for n in range(1, 13)]
    rows += [
        row(n, 1, start_ms=-299_000, ms=1_000, service_name="slow", status="error",
            attributes=[("batch", "64")], attribute_types="i")
        for n in range(13, 25)
    ]  # fmt: skip
    writer.insert(table(tenant, rows))

    def ask(path: str, **parameters):
        answer = client.get(f"/api/v1/analytics/{path}", params={**RANGE, **parameters})
        return answer.status_code, answer.json()

    return ask


def test_the_heatmap_counts_traces_by_start_and_duration(asked):
    assert asked("heatmap", points=10) == (
        200,
        {
            "start": RANGE["from"],
            "width_ms": 60_000,
            "rows_per_doubling": 4,
            "columns": [5, 5],
            "rows": [79, 119],  # 2^(79/4) ns and 2^(119/4) ns begin the bins of 1 ms and of 1 s
            "counts": [12, 12],
            "errors": [0, 12],
        },
    )
    assert asked("heatmap", points=10, status="ok", min_duration_ms=0.5)[1]["counts"] == [12]
    assert asked("heatmap", service="none")[1]["counts"] == []


FAST = {
    "requests": 12, "errors": 0, "requests_per_s": 12 / 600,
    "duration_ms": {"p50": 1.0, "p95": 1.0, "p99": 1.0},
}  # fmt: skip
SLOW = {**FAST, "errors": 12, "duration_ms": {"p50": 1000.0, "p95": 1000.0, "p99": 1000.0}}


def test_requests_come_in_columns_with_what_all_add_up_to(asked):
    status, found = asked("requests", points=10)
    assert (status, found["width_ms"]) == (200, 60_000)
    (point,) = found["items"]
    assert point.pop("time") == format_time(START_NS + 5 * MINUTE_NS)
    assert point == {**found["whole"], "requests_per_s": 24 / 60}
    assert (found["whole"]["requests"], found["whole"]["errors"]) == (24, 12)
    nothing = asked("requests", service="none")[1]
    assert nothing["items"] == []
    assert nothing["whole"]["duration_ms"] == {"p50": None, "p95": None, "p99": None}


def test_requests_are_grouped_by_service_or_model(asked):
    found = asked("requests/groups")[1]["items"]
    assert found == [{"name": "fast", **FAST}, {"name": "slow", **SLOW}]
    assert asked("requests/groups", by="model") == (200, {"items": []})
    assert asked("requests/groups", by="colour")[0] == 400


def test_models_stand_side_by_side(asked, writer, tenant, clickhouse):
    call = row(99, 1, start_ms=-300_000, ms=1, model="llama", input_tokens=6, output_tokens=60)
    writer.insert(table(tenant, [call]))
    MinuteRollup(clickhouse).catch_up()  # its minute may be counted already, without it
    status, found = asked("models")
    assert status == 200
    (model,) = found["items"]
    none = {"p50": None, "p95": None, "p99": None}
    assert model == {
        "name": "llama", "requests": {**FAST, "requests": 1, "requests_per_s": 1 / 600}, "spans": 1,
        "input_tokens": 6, "output_tokens": 60, "cached_tokens": 0, "input_tokens_per_s": 0.01,
        "output_tokens_per_s": 0.1, "cost_usd": 0.0, "ttft_ms": none, "tpot_ms": none,
        "gpu_seconds": None, "energy_j": None,
    }  # fmt: skip


def test_differences_are_told_with_their_counts(asked):
    status, found = asked("differences", **BOX, box_min_ms=500)
    assert status == 200
    sizes = ("inside", "outside", "sampled_inside", "sampled_outside")
    assert [found[name] for name in sizes] == [12] * 4
    told = [(each["kind"], each["name"], each["value"], each["low"]) for each in found["items"]]
    assert sorted(told) == [
        ("attribute", "batch", "", 64.0),
        ("service", "service", "fast", None),
        ("service", "service", "slow", None),
        ("status", "status", "error", None),
    ]
    slow = next(each for each in found["items"] if each["value"] == "slow")
    assert {**slow, "score": None} == {
        "kind": "service", "name": "service", "value": "slow", "low": None, "high": None,
        "inside": 12, "outside": 0, "share_inside": 1.0, "share_outside": 0.0, "score": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "parameters", "detail"),
    [
        ("heatmap", {"to": RANGE["from"]}, "from: expected a time before `to`"),
        ("differences", {**BOX, "box_to": RANGE["from"]}, "box_from: expected a time before"),
        ("differences", {**BOX, "box_max_ms": 0}, "box_min_ms: expected less than `box_max_ms`"),
        ("differences", {**BOX, "box_from": "noon"}, "box_from: expected an RFC 3339 time"),
    ],
)
def test_what_has_no_meaning_is_a_400(asked, path, parameters, detail):
    status, problem = asked(path, **parameters)
    assert (status, problem["detail"][: len(detail)]) == (400, detail)
