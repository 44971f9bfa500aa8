"""Costs are what a plain sum over the records of engines gives, and nothing of the time is lost."""

from __future__ import annotations

from fractions import Fraction

import pytest
from axonize_server.costs import Sums
from axonize_server.gpus import Sighting
from axonize_server.model import InvalidQuery
from axonize_server.query.cost import costs, price_of
from axonize_server.store.clickhouse.minutes.rollup import ENGINES, MinuteRollup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.rows import MINUTE_NS, NOW_NS
from tests.server.steps import Rider, charges, decoded, idle, step, steps_body

START_NS = NOW_NS - 10 * MINUTE_NS
RANGE = (START_NS, NOW_NS)
START_MS = -600_000.0
PAIR = ["GPU-a", "GPU-b"]
LLAMA = charges(gpus=2, uuids=PAIR, busy_s=2.0, idle_s=6.0, energy_j=700.0, idle_energy_j=300.0)


@pytest.fixture
def put(writer, count_engines, tenant):
    """Store records of engines of one service, and count them."""

    def put(*sent, service: str = "engine"):
        writer.insert(*decoded(tenant, steps_body(*sent, service=service)))
        count_engines()

    return put


@pytest.fixture
def cards(gpu_registry, tenant):
    """Have the registry know an A100, an H100 and an instance of it."""
    seen = Sighting(tenant, "GPU-a", "GPU-a", "NVIDIA A100", "", 0, "n", "", "", "", 1, 2)
    other = seen._replace(resource_uuid="GPU-b", physical_uuid="GPU-b", model="NVIDIA H100")
    gpu_registry.record([seen, other, other._replace(resource_uuid="MIG-b")], NOW_NS)


def test_a_range_has_what_its_records_have(put, cost_book, tenant):
    riders = [Rider("one", scheduled=7, prefill=7), Rider("two")]
    put(
        step(1, riders, start_ms=START_MS, charged=LLAMA),
        step(
            2,
            riders,
            start_ms=START_MS + 90_000,
            charged={**LLAMA, "axonize.step.ended_requests": 2},
        ),
        idle(start_ms=START_MS + 100_000, ms=4000, charged=charges(gpus=2, uuids=PAIR, idle_s=8.0)),
        step(3, riders, start_ms=0, charged=LLAMA),  # after the range
    )
    found = costs(cost_book, tenant, "model", *RANGE)
    assert [(group.key, group.engines) for group in found.groups] == [("llama", 1)]
    assert found.total.sums == Sums(
        requests=2,
        tokens=16,
        prefill_tokens=14,
        busy_gpu_seconds=4.0,
        idle_gpu_seconds=20.0,
        measured_gpu_seconds=16.0,
        busy_energy_j=1400.0,
        idle_energy_j=600.0,
    )
    assert found.groups[0].sums == found.total.sums
    assert found.total.energy_sources == ["counter"]
    assert found.total.previous == Sums()


def test_what_was_split_over_calls_is_told_apart(put, cost_book, tenant):
    steps, calls = (
        charges(gpus=1, uuids=["GPU-a"], busy_s=busy_s, idle_s=1.0, cost_per_hour_usd=3600.0)
        for busy_s in (6.0, 2.0)
    )
    engine = "calls-0a1b2c3d-cuda:0-llama"
    put(
        step(1, [Rider("r")], start_ms=START_MS, charged=steps),
        step(1, [], start_ms=START_MS + 1000, ms=3000, engine=engine, charged=calls),
    )
    found = costs(cost_book, tenant, "gpu", *RANGE)
    for sums in (found.total.sums, found.groups[0].sums):
        assert (sums.busy_gpu_seconds, sums.busy_gpu_seconds_by_calls) == (8.0, 2.0)
        assert (sums.busy_usd, sums.busy_usd_by_calls) == (8.0, 2.0)


def test_the_time_before_is_as_long_and_records_sent_twice_count_once(put, cost_book, tenant):
    sent = [
        step(1, [], start_ms=START_MS, charged=LLAMA),
        step(2, [], start_ms=-1000, charged=LLAMA),
    ]
    put(*sent)
    put(*sent)
    found = costs(cost_book, tenant, "service", NOW_NS - 4 * MINUTE_NS, NOW_NS)
    (group,) = found.groups
    assert (group.key, group.sums.busy_gpu_seconds) == ("engine", 2.0)
    assert group.previous == Sums()
    found = costs(cost_book, tenant, "service", NOW_NS - 7 * MINUTE_NS, NOW_NS)
    assert found.total.previous.busy_gpu_seconds == 2.0
    assert costs(cost_book, "nobody", "service", *RANGE).groups == []


@pytest.mark.usefixtures("cards")
def test_a_card_has_its_own_price_else_that_of_its_model(put, cost_book, tenant):
    put(step(1, [Rider("r")], start_ms=START_MS, charged=LLAMA))
    nothing = costs(cost_book, tenant, "model", *RANGE).total.sums
    assert (nothing.priced_gpu_seconds, nothing.busy_usd) == (0.0, 0.0)
    cost_book.prices.set(tenant, "MIG-b", START_NS, 7200.0)
    priced = costs(cost_book, tenant, "model", *RANGE).total.sums
    # One second of each for 1 and 2 dollars, and three without a step.
    assert (priced.priced_gpu_seconds, priced.busy_usd, priced.idle_usd) == (8.0, 3.0, 9.0)
    by_gpu = costs(cost_book, tenant, "gpu", *RANGE)
    assert [group.sums.tokens for group in by_gpu.groups] == [1, 1]
    assert by_gpu.total.sums.tokens == 1, "both worked on it, and it was one"
    assert [(each.key, each.sums.busy_usd, each.sums.idle_usd) for each in by_gpu.groups] == [
        ("GPU-b", 2.0, 6.0),
        ("GPU-a", 1.0, 3.0),
    ]
    assert by_gpu.total.sums.busy_usd == 3.0
    cost_book.prices.set(tenant, "GPU-a", START_NS, 0.0)
    assert costs(cost_book, tenant, "model", *RANGE).total.sums.busy_usd == 2.0
    cost_book.prices.set(tenant, "GPU-a", START_NS, None)
    assert costs(cost_book, tenant, "model", *RANGE).total.sums.busy_usd == 3.0


@pytest.mark.usefixtures("cards")
def test_a_price_holds_from_its_minute_on(put, cost_book, tenant):
    alone = charges(gpus=1, uuids=["GPU-a"], busy_s=1.0)
    put(*(step(n, [], start_ms=START_MS + n * 60_000, charged=alone) for n in range(4)))
    cost_book.prices.set(tenant, "GPU-a", START_NS + MINUTE_NS, 7200.0)
    cost_book.prices.set(tenant, "GPU-a", START_NS + 5 * MINUTE_NS // 2, 36_000.0)
    # A dollar of its model, two of its own, and in the minute in which it changes too, then ten.
    assert costs(cost_book, tenant, "gpu", *RANGE).total.sums.busy_usd == 1.0 + 2.0 + 2.0 + 10.0


@pytest.mark.usefixtures("cards")
def test_an_instance_costs_its_part_and_an_unknown_part_has_no_price(put, cost_book, tenant):
    cost_book.prices.set(tenant, "GPU-b", 0, 3600.0)
    part = charges(gpus=1, uuids=["MIG-b"], shares=[0.25], busy_s=2.0)
    put(step(1, [], start_ms=START_MS, charged=part))
    assert costs(cost_book, tenant, "gpu", *RANGE).total.sums.busy_usd == 0.5
    unknown = charges(gpus=1, uuids=["MIG-b"], shares=[0.0], busy_s=2.0)
    put(step(1, [], start_ms=START_MS, engine="other", charged=unknown))
    sums = costs(cost_book, tenant, "gpu", *RANGE).total.sums
    assert (sums.busy_usd, sums.priced_gpu_seconds) == (0.5, 2.0)


@pytest.mark.parametrize(("gpus", "uuids"), [(0, []), (0, ["GPU-a"]), (2, ["GPU-a"]), (1, PAIR)])
def test_what_does_not_fit_together_is_lost_by_no_grouping(put, cost_book, tenant, gpus, uuids):
    odd = charges(gpus=gpus, uuids=uuids, busy_s=2.0, cost_per_hour_usd=3600.0)
    put(step(1, [], start_ms=START_MS, charged=odd))
    for by in ("model", "service", "gpu"):
        found = costs(cost_book, tenant, by, *RANGE)
        assert sum(group.sums.busy_gpu_seconds for group in found.groups) == 2.0
        assert sum(group.sums.busy_usd for group in found.groups) == found.total.sums.busy_usd


def test_what_the_engine_itself_says_holds_where_the_server_knows_no_price(put, cost_book, tenant):
    own = charges(gpus=2, busy_s=4.0, cost_per_hour_usd=3600.0)
    put(step(1, [], start_ms=START_MS, charged=own))
    for by in ("model", "service", "gpu"):
        found = costs(cost_book, tenant, by, *RANGE)
        assert [group.sums.busy_usd for group in found.groups] == [2.0]
    assert [group.key for group in found.groups] == [""]


RECORDS = st.lists(
    st.tuples(
        st.integers(0, 599),  # second of the range
        st.sampled_from(["e1", "e2", "e3"]),
        st.integers(0, 10**10),  # busy ns
        st.integers(0, 10**10),  # idle ns
        st.integers(0, 10**9),  # uJ
        st.integers(0, 10**9),
    ),
    max_size=40,
    unique_by=lambda record: record[:2],
)
GPUS = {"e1": ["GPU-a"], "e2": PAIR, "e3": []}


@given(records=RECORDS, cut=st.integers(1, 9))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sums_are_those_stored_however_they_are_grouped_and_cut(
    clickhouse, writer, count_engines, cost_book, tenant, records, cut
):
    with clickhouse.client() as client:
        client.command("TRUNCATE TABLE engine_steps")
        client.command("TRUNCATE TABLE engine_minutes")
    sent = [
        step(
            number + 1,
            [Rider("r")],
            start_ms=START_MS + second * 1000,
            engine=engine,
            charged=charges(
                gpus=len(GPUS[engine]) or 1,
                uuids=GPUS[engine],
                busy_s=busy / 1e9,
                idle_s=rest / 1e9,
                energy_j=joules / 1e6,
                idle_energy_j=idle_joules / 1e6,
            ),
        )
        for number, (second, engine, busy, rest, joules, idle_joules) in enumerate(records)
    ]
    if sent:
        writer.insert(*decoded(tenant, steps_body(*sent)))
    count_engines()
    wanted = {
        "busy_gpu_seconds": sum(Fraction(each[2], 10**9) for each in records),
        "idle_gpu_seconds": sum(Fraction(each[3], 10**9) for each in records),
        "busy_energy_j": sum(Fraction(each[4], 10**6) for each in records),
        "idle_energy_j": sum(Fraction(each[5], 10**6) for each in records),
    }
    border = START_NS + cut * MINUTE_NS
    for by in ("model", "service", "gpu"):
        whole = costs(cost_book, tenant, by, *RANGE)
        parts = [
            costs(cost_book, tenant, by, *each) for each in ((RANGE[0], border), (border, RANGE[1]))
        ]
        for name, amount in wanted.items():
            expected = pytest.approx(float(amount), rel=1e-12, abs=1e-12)
            assert getattr(whole.total.sums, name) == expected
            assert sum(getattr(each.sums, name) for each in whole.groups) == expected
            assert sum(getattr(each.total.sums, name) for each in parts) == expected
            assert sum(getattr(each.total.sums, name) for each in parts) >= 0


def test_a_range_without_time_in_it_is_refused(cost_book, tenant):
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        costs(cost_book, tenant, "model", NOW_NS, NOW_NS)


def test_the_longest_name_that_fits_holds():
    prices = {"h100": 2.0, "H100 80GB": 3.0, "A100": 1.0}
    assert price_of("NVIDIA H100 80GB HBM3", prices) == 3.0
    assert price_of("NVIDIA H100 NVL", prices) == 2.0
    assert price_of("NVIDIA L4", prices) is None


def test_what_one_tenant_lost_does_not_hide_a_late_record_of_another(clickhouse, writer, tenant):
    count = MinuteRollup(clickhouse, ENGINES).catch_up
    other = f"{tenant}-other"
    many = [step(number, [], start_ms=START_MS, charged=LLAMA) for number in range(1, 4)]
    writer.insert(*decoded(other, steps_body(*many)))
    writer.insert(*decoded(tenant, steps_body(many[0])))
    count()
    with clickhouse.client() as client:
        lost = f"ALTER TABLE engine_steps DELETE WHERE tenant_id = '{other}'"
        client.command(lost, settings={"mutations_sync": 2})
    writer.insert(*decoded(tenant, steps_body(many[1])))
    count()
    with clickhouse.client() as client:
        query = "SELECT tenant_id, sum(stored) FROM engine_minutes FINAL WHERE tenant_id LIKE '{}%'"
        stored = client.query(f"{query.format(tenant)} GROUP BY 1").result_rows
    assert dict(stored) == {tenant: 2, other: 3}
