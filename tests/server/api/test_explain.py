"""The explanation of a trace, over HTTP."""

from __future__ import annotations

import pytest

from tests.server.explaining import MS, request
from tests.server.rows import span_id, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body

DECODE = {
    "kind": "decode",
    "cause": "output",
    "name": "",
    "service_name": "api",
    "text": "Decoded: 1 token",
    "duration_ns": 20 * MS,
    "start_offset_ns": 10 * MS,
    "end_offset_ns": 30 * MS,
    "evidence": {
        "spans": [{"span_id": span_id(1004), "duration_ns": 20 * MS}],
        "span_count": 1,
        "steps": [
            {
                "engine_id": "engine-a-0",
                "first": 2,
                "last": 2,
                "count": 1,
                "slowest": 2,
                "slowest_offset_ns": 10 * MS,
                "slowest_ns": 20 * MS,
            }
        ],
        "mates": [
            {
                "request_id": "mate",
                "trace_id": trace_id(2),
                "span_id": span_id(20),
                "duration_ns": 20 * MS,
                "scheduled_tokens": 1,
                "prefill_tokens": 0,
            }
        ],
        "mate_count": 1,
        "traces": [],
        "counters": {
            "running_max": 2,
            "waiting_max": 2,
            "kv_cache_usage_max": 0.25,
            "own_scheduled_tokens": 1,
            "own_prefill_tokens": 0,
            "tokens_made": 1,
            "output_tokens": 4,
        },
        "attributes": {},
    },
}


@pytest.fixture
def one_request(writer, tenant):
    """Store a request that decoded beside another."""
    riders = [Rider("mine", 1, 10), Rider("mate", 2, 20)]
    sent = [
        step(1, [Rider("mine", 1, 10, 7, 7)], start_ms=3, ms=7),
        step(2, riders, start_ms=10, ms=20),
    ]
    writer.insert(*decoded(tenant, steps_body(*sent)))
    writer.insert(table(tenant, request(1, 10, 0, 1, 1, 1, 7, 20, input_tokens=7, output_tokens=4)))


@pytest.mark.usefixtures("one_request")
def test_a_trace_is_explained_with_its_evidence(client):
    answer = client.get(f"/api/v1/traces/{trace_id(1)}/explain")
    assert answer.status_code == 200
    found = answer.json()
    parts = found.pop("parts")
    assert found == {
        "trace_id": trace_id(1),
        "span_id": span_id(10),
        "start_offset_ns": 0,
        "duration_ns": 30 * MS,
        "verdict": "Decoded 1 token for 20.0 ms. Read 7 prompt tokens for 7.00 ms.",
        "causes": ["output", "prompt", "engine", "preprocess"],
        "facts": [],
        "cut": False,
    }
    assert parts[0] == DECODE
    assert sum(part["duration_ns"] for part in parts) == 30 * MS


@pytest.mark.usefixtures("one_request")
def test_what_has_no_answer_is_a_problem(client):
    assert client.get(f"/api/v1/traces/{trace_id(99)}/explain").status_code == 404
    assert client.get("/api/v1/traces/x/explain").status_code == 400
    client.headers["authorization"] = "Bearer another-tenant"
    assert client.get(f"/api/v1/traces/{trace_id(1)}/explain").status_code == 404
    del client.headers["authorization"]
    assert client.get(f"/api/v1/traces/{trace_id(1)}/explain").status_code == 401
