"""What needs a count is found, by little reading, and found again until it is counted."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from axonize_server.store.clickhouse.minutes import stale
from axonize_server.store.clickhouse.minutes import stale_sql as sql
from axonize_server.store.clickhouse.minutes.stale import StaleMinutes, StaleTicks
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate

from tests.server.rows import NOW_NS, TIMESTAMP, row, table

KEPT_S = 200


class Asked:
    """A connection that notes what it was asked."""

    def __init__(self, client) -> None:
        self._client = client
        self.queries: list[str] = []

    def query(self, text, **keywords):
        self.queries.append(text)
        return self._client.query(text, **keywords)


@pytest.fixture
def store(new_databases):
    """A store that nobody else writes to."""
    postgres, clickhouse = new_databases
    migrate(postgres, clickhouse)
    return clickhouse


@pytest.fixture
def client(store):
    with store.client() as client:
        yield Asked(client)


def ago(seconds: float, unit: int = 2) -> int:
    """Return the start of the unit of so many seconds that was then."""
    return int(time.time() - seconds) // unit * unit


def put(store, number: int, ended_s: int, *, committed_ago_s: float = 0) -> None:
    """Store a span that ended a second after some time."""
    start_ms = (ended_s * 1_000_000_000 - NOW_NS) / 1e6
    at = pa.array([time.time_ns() - round(committed_ago_s * 1e9)], TIMESTAMP)
    rows = table("acme", [row(1, number, start_ms=start_ms, ms=1000)])
    SpanWriter(store).insert(rows.append_column("ingested_at", at))


@pytest.fixture
def ticks(client) -> StaleTicks:
    """Return one that has looked at all of an empty store."""
    ticks = StaleTicks()
    assert ticks.find(client, KEPT_S) == []
    ticks.counted()
    client.queries.clear()
    return ticks


def test_where_nothing_was_committed_no_span_is_read(client, ticks):
    assert ticks.find(client, KEPT_S) == []
    assert client.queries == [sql.COMMITTED]


def test_a_tick_is_found_by_what_was_committed_since(store, client, ticks):
    tick = ago(20)
    put(store, 1, tick)
    assert ticks.find(client, KEPT_S) == [(tick, 1)]
    assert client.queries == [sql.COMMITTED, sql.TOUCHED_TICKS, sql.STALE_TICKS_LISTED]
    ticks.counted()
    assert ticks.find(client, KEPT_S) == []  # it was looked at


def test_an_insert_that_took_long_is_found_by_the_second_in_which_it_began(store, client, ticks):
    tick = ago(101)
    for number in (1, 2):
        put(store, number, tick, committed_ago_s=100)
        assert ticks.find(client, KEPT_S) == [(tick, number)]
        ticks.counted()


def test_what_is_not_counted_is_found_again(store, client, ticks):
    tick = ago(20)
    put(store, 1, tick)
    assert ticks.find(client, KEPT_S) == [(tick, 1)]
    assert ticks.find(client, KEPT_S) == [(tick, 1)]
    assert client.queries[-1] == sql.STALE_TICKS


def test_a_tick_waits_until_it_has_settled(store, client, ticks, monkeypatch):
    monkeypatch.setattr(stale, "TICKS_SETTLE_S", 60)
    tick = ago(20)
    put(store, 1, tick)
    assert ticks.find(client, KEPT_S) == []
    ticks.counted()
    monkeypatch.undo()
    assert ticks.find(client, KEPT_S) == [(tick, 1)]
    assert client.queries[-1] == sql.STALE_TICKS_LISTED


def test_what_was_committed_before_all_that_is_kept_is_found_by_a_look_at_all(
    store, client, ticks, monkeypatch
):
    tick = ago(20)
    put(store, 1, tick, committed_ago_s=3600)  # by a clock that was ahead
    assert ticks.find(client, KEPT_S) == []
    monkeypatch.setattr(stale, "ALL_TICKS_EVERY_S", 0.0)
    ticks = StaleTicks()
    for _ in range(2):
        assert ticks.find(client, KEPT_S) == [(tick, 1)]
        ticks.counted()


def test_a_tick_of_the_future_does_not_wait(store, client, ticks):
    put(store, 1, ago(-3600))
    assert ticks.find(client, 1 << 20) == []
    assert ticks._touched == set()


def test_a_minute_is_found_until_it_is_counted_and_by_what_comes_later(store, client):
    minutes = StaleMinutes(sql.STALE_MINUTES, sql.UNSETTLED_MINUTES)
    minute = ago(600, 60)
    put(store, 1, minute, committed_ago_s=500)
    for _ in range(2):
        assert minutes.find(client, 86_400) == [(minute, 1)]
    minutes.counted()
    assert minutes.find(client, 86_400) == []  # none of it was committed lately
    put(store, 2, minute)
    assert minutes.find(client, 86_400) == [(minute, 2)]
