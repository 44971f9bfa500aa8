"""The questions about steps, over HTTP, on what OTLP brought."""

from __future__ import annotations

import pytest
from axonize_server.api.times import format_time

from tests.server.rows import NOW_NS, row, span_id, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body

MINE = Rider("mine", trace=1, span=11, scheduled=3, prefill=3)
MATE = Rider("mate", trace=2, span=22)
START, END = format_time(NOW_NS), format_time(NOW_NS + 60_000_000_000)
RANGE = {"from": START, "to": END}
ENGINE = {
    "engine_id": "engine-a-0",
    "name": "vllm",
    "version": "0.32.0",
    "model": "llama",
    "service_name": "engine",
    "host": "node-1",
    "gpu_count": 1,
}
RIDER = {
    "request_id": "mine",
    "trace_id": trace_id(1),
    "span_id": span_id(11),
    "scheduled_tokens": 3,
    "prefill_tokens": 3,
    "draft_tokens": 0,
    "accepted_tokens": 0,
}
STEP = {
    "engine": ENGINE,
    "number": 7,
    "start_time": format_time(NOW_NS + 2_000_000),
    "duration_ms": 1.5,
    "status": "unset",
    "status_message": "",
    "busy_seconds": 0.001,
    "schedule_ms": 0.1,
    "total_tokens": 5,
    "running": 3,
    "waiting": 2,
    "kv_cache_usage": 0.3,
    "cuda_graph_mode": None,
    "gpu_seconds": 0.001,
    "energy_j": 2.5,
    "preempted_ids": [],
    "requests": [
        {**RIDER, "draft_tokens": 4, "accepted_tokens": 1},
        {
            "request_id": "mate",
            "trace_id": trace_id(2),
            "span_id": span_id(22),
            "scheduled_tokens": 1,
            "prefill_tokens": 0,
            "draft_tokens": 0,
            "accepted_tokens": 0,
        },
        {
            "request_id": "unknown",
            "trace_id": None,
            "span_id": None,
            "scheduled_tokens": 1,
            "prefill_tokens": 0,
            "draft_tokens": 0,
            "accepted_tokens": 0,
        },
    ],
    "attributes": {"axonize.step.custom": 1.5},
}
TRACE_STEPS = {
    "trace_id": trace_id(1),
    "start_time": START,
    "engines": [ENGINE],
    "requests": [
        {"request_id": "mine", "trace_id": trace_id(1), "span_id": span_id(11), "own": True},
        {"request_id": "mate", "trace_id": trace_id(2), "span_id": span_id(22), "own": False},
        {"request_id": "unknown", "trace_id": None, "span_id": None, "own": False},
    ],
    "steps": [
        {
            "engine": 0,
            "number": 7,
            "start_time": format_time(NOW_NS + 2_000_000),
            "start_offset_ns": 2_000_000,
            "duration_ms": 1.5,
            "batch_size": 3,
            "total_tokens": 5,
            "prefill_share": 0.6,
            "own_scheduled_tokens": 3,
            "own_prefill_tokens": 3,
            "own_draft_tokens": 4,
            "own_accepted_tokens": 1,
            "energy_j": 2.5,
            "own_energy_j": 1.5,
            "running": 3,
            "waiting": 2,
            "kv_cache_usage": 0.3,
            "preempted": [],
            "requests": [0, 1, 2],
            "scheduled_tokens": [3, 1, 1],
            "prefill_tokens": [3, 0, 0],
        }
    ],
    "next_cursor": None,
}


@pytest.fixture
def one_step(writer, tenant):
    """Store a step with three requests, and the trace of one of them."""
    sent = step(
        7, [MINE, MATE, Rider("unknown")], start_ms=2, ms=1.5, kv_cache_usage=0.3, schedule_ms=0.1,
        draft_tokens=[4, 0, 0], accepted_tokens=[1, 0, 0], custom=1.5, joules=2.5,
    )  # fmt: skip
    writer.insert(*decoded(tenant, steps_body(sent)))
    writer.insert(table(tenant, [row(1, 1)]))


@pytest.mark.usefixtures("one_step")
def test_a_step_says_everything_about_itself(client):
    answer = client.get("/api/v1/steps", params=RANGE)
    assert answer.status_code == 200
    assert answer.json() == {"items": [STEP], "next_cursor": None}


@pytest.mark.usefixtures("one_step")
def test_the_steps_of_a_trace_name_their_requests_by_index(client):
    answer = client.get(f"/api/v1/traces/{trace_id(1)}/steps")
    assert answer.status_code == 200
    assert answer.json() == TRACE_STEPS


@pytest.mark.usefixtures("one_step")
def test_engines_are_listed_with_when_they_were_seen(client):
    seen = {
        "step_count": 1,
        "first_seen": format_time(NOW_NS + 2_000_000),
        "last_seen": format_time(NOW_NS + 3_500_000),
    }
    answer = client.get("/api/v1/engines", params=RANGE)
    assert answer.json() == {"items": [{**ENGINE, **seen}]}


@pytest.mark.usefixtures("one_step")
def test_a_step_is_no_span_of_the_list_of_traces(client):
    found = client.get("/api/v1/traces", params=RANGE).json()["items"]
    assert [each["trace_id"] for each in found] == [trace_id(1)]
    spans = client.get(f"/api/v1/traces/{trace_id(1)}/spans").json()["items"]
    assert [each["name"] for each in spans] == ["work"]


def test_pages_follow_the_cursor(client, writer, tenant):
    sent = [step(n, [MINE], start_ms=n, engine=f"engine {n % 2}") for n in range(1, 6)]
    writer.insert(*decoded(tenant, steps_body(*sent)))
    for path, more, expected in (
        ("/api/v1/steps", {**RANGE, "engine": "engine 1"}, [5, 3, 1]),
        (f"/api/v1/traces/{trace_id(1)}/steps", {}, [1, 2, 3, 4, 5]),
    ):
        numbers, cursor = [], None
        while cursor or not numbers:
            parameters = {**more, "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = client.get(path, params=parameters).json()
            numbers += [each["number"] for each in page.get("items") or page["steps"]]
            cursor = page["next_cursor"]
        assert numbers == expected


@pytest.mark.usefixtures("one_step")
def test_another_tenant_sees_nothing(client):
    client.headers["authorization"] = "Bearer another-tenant"
    assert client.get("/api/v1/steps", params=RANGE).json()["items"] == []
    assert client.get("/api/v1/engines", params=RANGE).json()["items"] == []
    assert client.get(f"/api/v1/traces/{trace_id(1)}/steps").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/steps?limit=501", 400),
        ("/api/v1/steps?limit=0", 400),
        ("/api/v1/steps?from=yesterday", 400),
        ("/api/v1/steps?cursor=x", 400),
        ("/api/v1/engines?to=now", 400),
        (f"/api/v1/traces/{trace_id(1)}/steps?limit=5001", 400),
        (f"/api/v1/traces/{trace_id(1)}/steps?cursor=x", 400),
        ("/api/v1/traces/x/steps", 400),
        (f"/api/v1/traces/{trace_id(99)}/steps", 404),
    ],
)
def test_what_has_no_answer_is_a_problem(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_key_nothing_is_told(client):
    del client.headers["authorization"]
    for path in ("/api/v1/steps", "/api/v1/engines", f"/api/v1/traces/{trace_id(1)}/steps"):
        assert client.get(path).status_code == 401
