"""A deleted trace leaves nothing, and what was counted is as if it had never been."""

from __future__ import annotations

import threading
import time
from functools import partial

import pyarrow as pa
import pytest
from axonize_server.erasure import TraceErasure
from axonize_server.minutes import SpanFilter
from axonize_server.model import NotFound
from axonize_server.query import traces
from axonize_server.query.steps import trace_steps
from axonize_server.store.clickhouse.minutes import rollup
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import SPANS, TICKS, MinuteRollup
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.removal.traces import TraceEraser
from axonize_server.store.clickhouse.traces import rollup_sql
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate
from axonize_server.store.postgres.deletions import Deletions
from axonize_server.store.postgres.tenants import Tenants

from tests.server.rows import MINUTE_NS, NOW_NS, TIMESTAMP, row, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body
from tests.server.store.clickhouse.traces.test_rollup import Killed, MortalPool
from tests.server.test_suspension import slow, wait_until_it_has_read

RANGE = (NOW_NS - 30 * MINUTE_NS, NOW_NS + 30 * MINUTE_NS)


@pytest.fixture
def erasure(clickhouse, postgres, tenant) -> TraceErasure:
    tenants = Tenants(postgres)
    for each in (tenant, f"{tenant}-other"):
        tenants.add(each, "A tenant", None)
    return TraceErasure(TraceEraser(clickhouse), Deletions(postgres))


@pytest.fixture
def store(writer, tenant, clickhouse):
    """Store spans of the tenant and of another one, as of an hour ago, and roll them up."""

    def store(rows, committed_ns=NOW_NS - 60 * MINUTE_NS, roll_up=True):
        for each in (tenant, f"{tenant}-other"):
            block = table(each, rows)
            at = pa.array([committed_ns] * len(rows), pa.timestamp("ns", tz="UTC"))
            writer.insert(block.append_column("ingested_at", at))
        if roll_up:
            TraceRollup(clickhouse).catch_up()
            MinuteRollup(clickhouse).catch_up()

    return store


def delete(clickhouse, condition: str) -> None:
    with clickhouse.client() as client:
        statement = f"ALTER TABLE spans DELETE WHERE {condition}"
        client.command(statement, settings={"mutations_sync": 2})


def figures(minute_reader, tenant: str) -> list[tuple[int, int, int, float]]:
    """Return start, spans, tokens and mean duration of each minute."""
    found = minute_reader.buckets(tenant, SpanFilter(), *RANGE, MINUTE_NS)
    return [(each.start_ns, each.statistics.spans, each.statistics.input_tokens) for each in found]


def listed(reader, tenant: str) -> dict[str, int]:
    search = traces.TraceSearch(from_ns=RANGE[0], to_ns=RANGE[1])
    return {
        each.trace_id: each.span_count for each in traces.search(reader, tenant, search, None)[0]
    }


def minutes_ago(minutes: float, trace: int, span: int, **columns):
    return row(trace, span, start_ms=-60_000 * minutes, input_tokens=span, **columns)


OLD = [minutes_ago(20, 1, 1), minutes_ago(20, 2, 2), minutes_ago(19, 1, 3), minutes_ago(18, 2, 4)]


@pytest.mark.parametrize("rolled_up", [True, False], ids=["rolled up", "not yet"])
def test_spans_lists_and_statistics_are_as_if_it_had_never_been(
    erasure, store, reader, minute_reader, clickhouse, tenant, rolled_up
):
    if rolled_up:
        store(OLD)
    else:
        store(OLD, committed_ns=time.time_ns(), roll_up=False)
    erasure.erase(tenant, trace_id(1))
    MinuteRollup(clickhouse).catch_up()
    assert reader.trace_spans(tenant, trace_id(1)) == []
    assert listed(reader, tenant) == {trace_id(2): 2}
    assert figures(minute_reader, tenant) == [
        (NOW_NS - 20 * MINUTE_NS, 1, 2),
        (NOW_NS - 18 * MINUTE_NS, 1, 4),
    ]
    with pytest.raises(NotFound):
        traces.trace(reader, tenant, trace_id(1))
    with pytest.raises(NotFound):
        erasure.erase(tenant, trace_id(1))
    assert listed(reader, f"{tenant}-other") == {trace_id(1): 2, trace_id(2): 2}
    assert [each[1:] for each in figures(minute_reader, f"{tenant}-other")] == [
        (2, 3),
        (1, 3),
        (1, 4),
    ]


def test_engine_steps_stay_and_forget_it(erasure, writer, step_reader, tenant):
    riders = [Rider("a", trace=1, span=1), Rider("b", trace=2, span=2)]
    writer.insert(*decoded(tenant, steps_body(step(1, riders))))
    before, _ = trace_steps(step_reader, tenant, trace_id(2), 10, None)
    erasure.erase(tenant, trace_id(1))
    after, _ = trace_steps(step_reader, tenant, trace_id(2), 10, None)
    assert len(after.steps) == len(before.steps) == 1
    assert trace_id(1) in str(before)
    assert trace_id(1) not in str(after)
    with pytest.raises(NotFound):
        trace_steps(step_reader, tenant, trace_id(1), 10, None)


def test_its_late_spans_go_too_and_those_of_others_stay(
    erasure, store, reader, minute_reader, tenant
):
    store(OLD)
    erasure.erase(tenant, trace_id(1))
    store([minutes_ago(20, 1, 5), minutes_ago(20, 2, 6), minutes_ago(17, 1, 7)])
    assert listed(reader, tenant)[trace_id(1)] == 2, "until the next sweep"
    erasure.sweep()
    assert listed(reader, tenant) == {trace_id(2): 3}
    assert figures(minute_reader, tenant) == [
        (NOW_NS - 20 * MINUTE_NS, 2, 8),
        (NOW_NS - 18 * MINUTE_NS, 1, 4),
    ]


@pytest.mark.parametrize("was_counted", [True, False])
def test_what_a_roll_up_under_way_brings_back_is_swept(
    erasure, store, reader, minute_reader, tenant, clickhouse, was_counted
):
    store(OLD)
    with clickhouse.client() as client:
        for name in ("traces", "minutes"):
            client.command(f"CREATE TEMPORARY TABLE kept_{name} AS {name} ENGINE = Memory")
            client.command(
                f"INSERT INTO kept_{name} SELECT * FROM {name} WHERE tenant_id = '{tenant}'"
            )
        if not was_counted:
            client.command(f"DELETE FROM minutes WHERE tenant_id = '{tenant}'")
        erasure.erase(tenant, trace_id(1))
        for name in ("traces", "minutes"):
            client.command(f"INSERT INTO {name} SELECT * FROM kept_{name}")
            client.command(f"DROP TEMPORARY TABLE kept_{name}")
    assert trace_id(1) in listed(reader, tenant)
    erasure.sweep()
    assert trace_id(1) in listed(reader, tenant), "it waits until no roll-up can be under way"
    erasure.sweep(after_s=0)
    assert listed(reader, tenant) == {trace_id(2): 2}
    assert [each[1:] for each in figures(minute_reader, tenant)] == [(1, 2), (1, 4)]


@pytest.mark.parametrize("name", ["traces", "minutes"])
def test_a_roll_up_that_takes_longer_than_the_sweep_waits_brings_nothing_back(
    new_databases, monkeypatch, name
):
    postgres, clickhouse = new_databases
    migrate(postgres, clickhouse)
    Tenants(postgres).add("acme", "A tenant", None)
    erasure = TraceErasure(TraceEraser(clickhouse), Deletions(postgres))
    committed = pa.array([NOW_NS - 60 * MINUTE_NS] * len(OLD), TIMESTAMP)
    SpanWriter(clickhouse).insert(table("acme", OLD).append_column("ingested_at", committed))
    with monkeypatch.context() as patched:
        patched.setattr(rollup_sql, "ROLL_UP", slow(rollup_sql.ROLL_UP, row_s=4))
        counting = SPANS._replace(insert=slow(SPANS.insert, row_s=4))
        roll_up = {"traces": TraceRollup, "minutes": partial(MinuteRollup, counting=counting)}
        rolling = threading.Thread(target=roll_up[name](clickhouse).catch_up)
        rolling.start()
        wait_until_it_has_read(clickhouse, name)
        erasure.erase("acme", trace_id(1))
        erasure.sweep(after_s=0)
        assert rolling.is_alive(), "it was to be under way"
        rolling.join(120)
    erasure.sweep(after_s=0)
    for each in (TraceRollup(clickhouse), MinuteRollup(clickhouse)):
        each.catch_up()
    assert listed(SpanReader(clickhouse, {}), "acme") == {trace_id(2): 2}
    counted = figures(MinuteReader(clickhouse, {}), "acme")
    assert [each[1:] for each in counted] == [(1, 2), (1, 4)]


def test_a_minute_of_which_spans_are_over_keeps_its_count(
    erasure, store, minute_reader, tenant, clickhouse
):
    store(OLD)
    before = figures(minute_reader, tenant)
    delete(clickhouse, f"tenant_id = '{tenant}' AND span_id = unhex('{2:016x}')")
    erasure.erase(tenant, trace_id(1))
    twenty, nineteen, eighteen = before
    assert figures(minute_reader, tenant) == [twenty, eighteen]
    assert nineteen[1] == 1


def test_statistics_of_others_are_right_after_a_late_span(
    erasure, store, writer, minute_reader, tenant, clickhouse
):
    store(OLD)
    delete(clickhouse, f"tenant_id = '{tenant}-other'")
    writer.insert(table(tenant, [minutes_ago(20, 3, 9)]))
    MinuteRollup(clickhouse).catch_up()
    assert figures(minute_reader, tenant)[0] == (NOW_NS - 20 * MINUTE_NS, 3, 12)


@pytest.fixture
def recent(store, clickhouse):
    """Store two traces with spans in a minute that is counted, and in ticks that are."""
    now_ms = (time.time_ns() - NOW_NS) / 1e6
    ages_s = {1: 130, 2: 20, 3: 12}
    store(
        [
            row(trace, span, start_ms=now_ms - 1000 * age_s, input_tokens=span)
            for span, age_s in ages_s.items()
            for trace in (1, 2)
        ]
    )
    MinuteRollup(clickhouse, TICKS).catch_up()


def total(minute_reader, tenant: str) -> tuple[int, int]:
    """Return spans and tokens."""
    found = [each[1:] for each in figures(minute_reader, tenant)]
    return sum(spans for spans, _ in found), sum(tokens for _, tokens in found)


@pytest.mark.parametrize("at_once", [500_000, 1])
def test_what_ended_since_the_last_counted_minute_forgets_it_too(
    erasure, recent, minute_reader, clickhouse, tenant, monkeypatch, at_once
):
    monkeypatch.setattr(rollup, "MAX_SPANS", at_once)
    erasure.erase(tenant, trace_id(1))
    for _ in range(2):
        assert total(minute_reader, tenant) == (3, 6)
        MinuteRollup(clickhouse, TICKS).catch_up()
    assert total(minute_reader, f"{tenant}-other") == (6, 12)


def test_the_ticks_stay_when_a_trace_is_older(erasure, store, recent, clickhouse, tenant):
    store([minutes_ago(20, 3, 1)])
    query = """
    SELECT count() FROM system.mutations
    WHERE database = currentDatabase() AND table = 'ticks' AND position(command, {tenant:String})
    """
    with clickhouse.client() as client:
        for trace, changes in ((3, 0), (1, 1)):
            erasure.erase(tenant, trace_id(trace))
            found = client.query(query, parameters={"tenant": tenant}).first_row[0]
            assert found == changes


def test_a_count_under_way_brings_no_tick_back(erasure, recent, minute_reader, clickhouse, tenant):
    with clickhouse.client() as client:
        client.command("CREATE TEMPORARY TABLE kept AS ticks ENGINE = Memory")
        client.command(f"INSERT INTO kept SELECT * FROM ticks WHERE tenant_id = '{tenant}'")
        erasure.erase(tenant, trace_id(1))
        client.command("INSERT INTO ticks SELECT * FROM kept")
    assert total(minute_reader, tenant) != (3, 6)
    erasure.sweep(after_s=0)
    assert total(minute_reader, tenant) == (3, 6)


@pytest.mark.parametrize("at", range(7))
def test_a_server_that_dies_meanwhile_leaves_it_to_the_sweep(
    erasure, recent, minute_reader, clickhouse, postgres, tenant, at
):
    mortal = TraceEraser(Mortal(clickhouse, at))
    with pytest.raises(Killed):
        TraceErasure(mortal, Deletions(postgres)).erase(tenant, trace_id(1))
    erasure.sweep(after_s=0)
    assert total(minute_reader, tenant) == (3, 6)


class Mortal(MortalPool):
    """One that answers questions."""

    def columns(self, *arguments, **keywords):
        return self._pool.columns(*arguments, **keywords)
