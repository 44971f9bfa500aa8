from __future__ import annotations

import pytest
from axonize_server.api.times import format_time
from axonize_server.gpus import Sighting

from tests.server.rows import MINUTE_NS, NOW_NS
from tests.server.steps import Rider, charges, decoded, step, steps_body

START_NS = NOW_NS - 10 * MINUTE_NS
RANGE = {"from": format_time(START_NS), "to": format_time(NOW_NS)}
COST = "/api/v1/analytics/cost"
NOTHING = {
    **dict.fromkeys(("requests", "tokens", "prefill_tokens"), 0),
    **dict.fromkeys(
        (
            *("busy_gpu_seconds", "idle_gpu_seconds", "measured_gpu_seconds"),
            *("priced_gpu_seconds", "busy_gpu_seconds_by_calls"),
        ),
        0.0,
    ),
    **dict.fromkeys(
        (
            *("busy_energy_j", "idle_energy_j", "busy_usd", "idle_usd", "busy_usd_by_calls"),
            *("busy_energy_j_per_1k_tokens", "energy_j_per_1k_tokens"),
            *("busy_usd_per_1m_tokens", "usd_per_1m_tokens"),
        )
    ),
}


@pytest.fixture
def used(writer, gpu_registry, tenant):
    """Store a step of an engine on an A100, which costs a dollar a second."""
    card = Sighting(tenant, "GPU-a", "GPU-a", "NVIDIA A100", "", 0, "n", "", "", "", 1000, 2000)
    gpu_registry.record([card], 3000)
    charged = charges(
        gpus=1,
        uuids=["GPU-a"],
        busy_s=2.0,
        idle_s=6.0,
        energy_j=700.0,
        idle_energy_j=300.0,
        ended=2,
    )
    riders = [Rider("one", scheduled=7, prefill=7), Rider("two", scheduled=3, prefill=0)]
    sent = step(1, riders, start_ms=-300_000, charged=charged)
    writer.insert(*decoded(tenant, steps_body(sent)))


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(
    ("by", "key"), [("model", "llama"), ("service", "engine"), ("gpu", "GPU-a")]
)
def test_the_cost_of_a_group(client, by, key):
    answer = client.get(COST, params={**RANGE, "group_by": by})
    assert answer.status_code == 200
    group = {
        "key": key,
        "engines": 1,
        "energy_sources": ["counter"],
        "now": {
            "requests": 2,
            "tokens": 10,
            "prefill_tokens": 7,
            "busy_gpu_seconds": 2.0,
            "idle_gpu_seconds": 6.0,
            "measured_gpu_seconds": 8.0,
            "busy_energy_j": 700.0,
            "idle_energy_j": 300.0,
            "priced_gpu_seconds": 8.0,
            "busy_usd": 2.0,
            "idle_usd": 6.0,
            "busy_gpu_seconds_by_calls": 0.0,
            "busy_usd_by_calls": 0.0,
            "busy_energy_j_per_1k_tokens": 70_000.0,
            "energy_j_per_1k_tokens": 100_000.0,
            "busy_usd_per_1m_tokens": 200_000.0,
            "usd_per_1m_tokens": 800_000.0,
        },
        "previous": NOTHING,
    }
    assert answer.json() == {
        "start": RANGE["from"],
        "end": RANGE["to"],
        "group_by": by,
        "total": {**group, "key": None},
        "items": [group],
    }


def test_nothing_is_divided_where_joules_and_prices_are_not_known(client, writer, tenant):
    sent = step(1, [Rider("r")], start_ms=-300_000, charged=charges(gpus=1, busy_s=2.0))
    writer.insert(*decoded(tenant, steps_body(sent)))
    total = client.get(COST, params=RANGE).json()["total"]
    assert total["now"] == {**NOTHING, "tokens": 1, "busy_gpu_seconds": 2.0}


@pytest.mark.parametrize(
    "wrong", [{"group_by": "host"}, {"from": "now"}, {"from": RANGE["to"], "to": RANGE["from"]}]
)
def test_what_has_no_meaning_is_a_problem(client, wrong):
    answer = client.get(COST, params={**RANGE, **wrong})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_key_nothing_is_told(client):
    del client.headers["authorization"]
    assert client.get(COST).status_code == 401
