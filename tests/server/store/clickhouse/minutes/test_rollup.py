"""The statistics are what a count of the spans gives, whatever happened."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest
from axonize_server.minutes import Histogram, SpanFilter, SpanStatistics
from axonize_server.model import StoreUnavailable
from axonize_server.query import analytics
from axonize_server.store.clickhouse.minutes import rollup as module
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import ENGINES, TICKS, MinuteRollup
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate
from axonize_server.tokens import Ends, Tokens, Usage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.rows import MINUTE_NS, NOW_NS, TIMESTAMP, row, table
from tests.server.steps import Rider, decoded, step, steps_body
from tests.server.store.clickhouse.traces.test_rollup import Killed, MortalPool

MINUTES = 10
FROM_NS = NOW_NS - MINUTES * MINUTE_NS
RANGE = (FROM_NS, NOW_NS + 600 * MINUTE_NS)


class World:
    """A store of its own, and what a reader must find in it."""

    tenant = "acme"

    def __init__(self, pool) -> None:
        self.pool = pool
        self.reader = MinuteReader(pool, {})
        self.rollup = MinuteRollup(pool)
        self.spans: dict[tuple[bytes, bytes], dict[str, Any]] = {}
        self.late = False
        with pool.client() as client:
            client.command("TRUNCATE TABLE spans")
            client.command("TRUNCATE TABLE minutes")
            client.command("TRUNCATE TABLE ticks")

    def insert(self, rows: list[dict[str, Any]]) -> None:
        """Store spans; those of minutes that are counted wait for the next check."""
        SpanWriter(self.pool).insert(table(self.tenant, rows))
        self.late = True
        self.spans |= {(each["trace_id"], each["span_id"]): each for each in rows}

    def catch_up(self) -> None:
        self.rollup.catch_up()
        self.late = False

    def start_again(self) -> None:
        self.rollup = MinuteRollup(self.pool)
        self.catch_up()

    def found(self, **wanted: str) -> dict[int, SpanStatistics]:
        _, buckets = analytics.series(
            self.reader, self.tenant, SpanFilter(**wanted), *RANGE, points=1000
        )
        return {each.start_ns: each.statistics for each in buckets}

    def expected(self) -> dict[int, SpanStatistics]:
        ended: dict[int, list[dict[str, Any]]] = {}
        for each in self.spans.values():
            ended.setdefault(each["end_time"] // MINUTE_NS * MINUTE_NS, []).append(each)
        return {minute: count(spans) for minute, spans in sorted(ended.items())}


def bucket(nanoseconds: float) -> int:
    return int(math.log2(max(nanoseconds, 1)) * 16)


def count(spans: list[dict[str, Any]]) -> SpanStatistics:
    """Return what spans add up to, in plain Python."""
    durations = Counter(bucket(each["end_time"] - each["start_time"]) for each in spans)
    ttfts = Counter(bucket(each["ttft_ms"] * 1e6) for each in spans if each["ttft_ms"])
    tpots = Counter(bucket(each["tpot_ms"] * 1e6) for each in spans if each["tpot_ms"])
    return SpanStatistics(
        spans=len(spans),
        errors=sum(each["status"] == "error" for each in spans),
        cost_usd=0.0,
        usage=Usage({model: ends(spans, model) for model in {each["model"] for each in spans}}),
        durations=Histogram(dict(durations)),
        ttfts=Histogram(dict(ttfts)),
        tpots=Histogram(dict(tpots)),
    )


def ends(spans: list[dict[str, Any]], model: str) -> Ends:
    of_model = [each for each in spans if each["model"] == model]
    clients = [each for each in of_model if each["kind"] == "client"]
    return Ends(added([each for each in of_model if each not in clients]), added(clients))


def added(spans: list[dict[str, Any]]) -> Tokens:
    names = ("input_tokens", "output_tokens", "cached_tokens")
    return Tokens(*(sum(each[name] for each in spans) for name in names))


def span(number: int) -> dict[str, Any]:
    """Return one of the spans that exist; a span that comes twice says the same twice."""
    mixed = number * 104729 % 997
    return row(
        number % 3 + 1,
        number,
        start_ms=-(mixed % MINUTES) * 60_000 + 100,
        ms=mixed * 1.7 + 1,
        kind=("client", "server", "client", "internal")[number % 4],
        service_name=f"service {mixed % 2}",
        model=("", "llama", "qwen")[mixed % 3],
        operation=("", "chat")[mixed % 2],
        status=("unset", "ok", "error")[mixed % 3],
        input_tokens=mixed,
        output_tokens=mixed % 7,
        ttft_ms=mixed % 5 * 0.5,
        tpot_ms=mixed % 3 * 4.5,
        cached_tokens=mixed % 2,
    )


def now_ms() -> float:
    """Return how long after NOW_NS it is, ms: in a minute that is not over."""
    return (time.time_ns() - NOW_NS) / 1e6


class TickWorld(World):
    """A store whose spans ended within the last minutes, as those of a server at work did."""

    def __init__(self, pool) -> None:
        super().__init__(pool)
        self.ticks = MinuteRollup(pool, TICKS)
        self.begin_ms = now_ms()
        self.behind: set[str] = set()

    def recent(self, numbers: list[int]) -> None:
        """Store spans, all of which a tick or a minute that is counted may lack then."""
        at = [self.begin_ms - 6_000 - number * 104_729 % 200_000 for number in numbers]
        rows = [span(number) for number in numbers]
        self.insert(
            [
                each | {name: NOW_NS + round((ms + more) * 1e6) for name, more in TIMES.items()}
                for each, ms in zip(rows, at, strict=True)
            ]
        )
        self.behind = {"minutes", "ticks"}

    def catch_up(self) -> None:
        super().catch_up()
        self.behind.discard("minutes")

    def tick(self) -> None:
        self.ticks.catch_up()
        self.behind.discard("ticks")

    def tick_anew(self) -> None:
        self.ticks = MinuteRollup(self.pool, TICKS)
        self.tick()

    def tick_and_die(self, at: int) -> None:
        self.ticks = MinuteRollup(MortalPool(self.pool, at), TICKS)
        with suppress(Killed):
            self.tick()
        self.ticks = MinuteRollup(self.pool, TICKS)


TIMES = {"start_time": -20.5, "end_time": 0}
BATCHES = st.lists(st.builds(span, st.integers(1, 60)), min_size=1, max_size=8)
ACTIONS = st.one_of(
    st.tuples(st.just("insert"), BATCHES),
    st.tuples(st.just("catch_up")),
    st.tuples(st.just("start_again")),
)


TICK_ACTIONS = st.one_of(
    st.tuples(st.just("recent"), st.lists(st.integers(1, 60), min_size=1, max_size=12)),
    st.tuples(st.sampled_from(["catch_up", "tick", "tick_anew"])),
    st.tuples(st.just("tick_and_die"), st.integers(0, 4)),
)


@pytest.fixture
def store(new_databases):
    """A store that nobody else writes to."""
    postgres, clickhouse = new_databases
    migrate(postgres, clickhouse)
    return clickhouse


@given(actions=st.lists(ACTIONS, min_size=1, max_size=8))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_statistics_are_what_a_count_gives(store, actions):
    world = World(store)
    for name, *arguments in actions:
        getattr(world, name)(*arguments)
        if not world.late:
            assert world.found() == world.expected()
    world.catch_up()
    assert world.found() == world.expected()
    with store.client() as client:
        client.command("OPTIMIZE TABLE minutes FINAL")
    assert world.found() == world.expected()


@given(actions=st.lists(TICK_ACTIONS, min_size=1, max_size=10))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_ticks_and_minutes_are_what_a_count_gives(store, actions, monkeypatch):
    monkeypatch.setattr(module, "MAX_SPANS", 3)
    world = TickWorld(store)
    world.recent([1, 2, 3])
    world.catch_up()
    for name, *arguments in actions:
        getattr(world, name)(*arguments)
        if not world.behind:
            assert world.found() == world.expected()
    world.catch_up()
    world.tick()
    assert world.found() == world.expected()


def ticked(store) -> int:
    with store.client() as client:
        return client.query("SELECT sum(spans) FROM ticks FINAL").first_row[0]


def test_spans_newer_than_the_minutes_are_read_from_ticks(store):
    world = TickWorld(store)
    world.recent(list(range(1, 60)))
    world.catch_up()
    world.tick()
    assert 0 < ticked(store) <= 59
    with store.client() as client:
        # Nothing but the last seconds is read from here.
        client.command("TRUNCATE TABLE spans")
    assert world.found() == world.expected()


def alter(store, change: str) -> None:
    with store.client() as client:
        client.command(f"ALTER TABLE {change}", settings={"mutations_sync": 2})


@pytest.fixture
def counted_by_ticks(store, monkeypatch) -> TickWorld:
    """A minute that is over, with every span counted by tick, and by mistake as an error."""
    monkeypatch.setattr(module, "BEHIND_S", 3000)
    world = TickWorld(store)
    world.insert([ended_ago(400, 1)])
    world.catch_up()
    world.insert([ended_ago(100 + number % 2, number) for number in range(2, 12)])
    world.tick()
    alter(store, "ticks UPDATE errors = spans WHERE 1")
    return world


def errors(world: World) -> int:
    return sum(each.errors for each in world.found().values())


def test_a_minute_is_what_its_ticks_add_up_to(counted_by_ticks):
    counted_by_ticks.catch_up()
    assert errors(counted_by_ticks) == 10


@pytest.mark.parametrize(
    "change",
    [
        "ticks DELETE WHERE tick = (SELECT max(tick) FROM ticks)",
        "spans DELETE WHERE end_time = (SELECT max(end_time) FROM spans)",
    ],
    ids=["a tick is missing", "a span was removed"],
)
def test_a_minute_whose_ticks_are_not_what_is_there_is_counted(counted_by_ticks, store, change):
    alter(store, change)
    counted_by_ticks.catch_up()
    assert errors(counted_by_ticks) == 0


def test_a_minute_whose_ticks_lack_a_late_span_is_counted(counted_by_ticks):
    counted_by_ticks.insert([ended_ago(100, 12)])
    counted_by_ticks.catch_up()
    assert errors(counted_by_ticks) == 0
    assert counted_by_ticks.found() == counted_by_ticks.expected()


def test_while_minutes_are_far_behind_no_tick_is_counted_and_none_is_read(store):
    world = TickWorld(store)
    world.recent(list(range(1, 60)))
    world.tick()
    assert ticked(store) == 0
    world.catch_up()
    world.tick()
    with store.client() as client:
        client.command("TRUNCATE TABLE minutes")
    assert world.found() == world.expected()


def test_what_was_sent_twice_and_is_not_counted_counts_once(store):
    world = World(store)
    rows = [row(1, n, start_ms=now_ms(), ms=1, service_name="a") for n in (1, 2)]
    world.insert(rows)
    world.insert(rows[:1])
    assert world.found(service="a") == world.expected()
    assert world.found(service="b") == {}


def test_what_is_not_counted_yet_is_read_from_the_spans(store):
    world = World(store)
    world.insert([span(number) for number in range(1, 40)])
    assert world.found() == world.expected()
    world.insert([row(9, 9, start_ms=-MINUTES * 60_000, ms=1)])
    world.catch_up()
    world.insert([row(9, 10, start_ms=now_ms(), ms=2)] * 2)
    assert world.found() == world.expected()


class BusyPool(MortalPool):
    """A database to which spans come that are late, whenever something is counted."""

    def __init__(self, pool, at: int, comes) -> None:
        super().__init__(pool, at)
        self._comes = comes

    def command(self, *arguments, **keywords):
        super().command(*arguments, **keywords)
        self._comes()


def test_what_comes_late_while_ticks_are_counted_waits_for_the_next_check(store):
    world = TickWorld(store)
    world.recent([1])
    world.catch_up()
    later = iter(range(2, 9))
    world.ticks = MinuteRollup(BusyPool(store, 1, lambda: world.recent([next(later)])), TICKS)
    world.tick()
    world.ticks = MinuteRollup(store, TICKS)
    world.tick()
    assert world.found() == world.expected()


def ended_ago(seconds: float, number: int) -> dict[str, Any]:
    return row(7, number, start_ms=now_ms() - 1000 * seconds - 1, ms=1)


def test_a_clock_that_is_ahead_or_a_slow_insert_leaves_no_hole(store):
    world = TickWorld(store)
    world.insert([ended_ago(150, 1), ended_ago(8, 2)])
    world.catch_up()
    world.tick()
    late = ended_ago(20, 3)
    at = pa.array([time.time_ns() - 90_000_000_000], TIMESTAMP)
    SpanWriter(store).insert(table(world.tenant, [late]).append_column("ingested_at", at))
    world.spans[late["trace_id"], late["span_id"]] = late
    world.tick()
    assert world.found() == world.expected()


def test_ticks_that_are_not_counted_again_are_not_read(store, monkeypatch):
    world = TickWorld(store)
    world.insert([ended_ago(420, 1), ended_ago(350, 2)])
    world.catch_up()
    monkeypatch.setattr(module, "BEHIND_S", 1000)
    world.insert([ended_ago(8, 3)])
    world.tick()
    assert ticked(store) > 0
    monkeypatch.undo()
    world.insert([ended_ago(14, 4)])
    world.tick()
    assert world.found() == world.expected()


def counted(store) -> list[tuple[int, int]]:
    with store.client() as client:
        query = (
            "SELECT toUnixTimestamp(minute), sum(stored) FROM minutes "
            "GROUP BY minute ORDER BY minute"
        )
        return client.query(query).result_rows


def keep_all_rows(store) -> None:
    """Let no merge take the rows that newer ones replace."""
    with store.client() as client:
        client.command("SYSTEM STOP MERGES minutes")


def test_only_minutes_with_new_spans_are_counted_again(store):
    world = World(store)
    keep_all_rows(store)
    world.insert([row(1, n, start_ms=-n * 60_000, ms=1) for n in (2, 3, 4)])
    world.catch_up()
    first = counted(store)
    world.insert([row(1, 9, start_ms=-3 * 60_000, ms=1)])
    world.catch_up()
    late = NOW_NS // 1_000_000_000 - 180
    # The row from before and the one that replaces it.
    assert counted(store) == [(minute, 3 if minute == late else n) for minute, n in first]


def test_clocks_that_are_years_off_make_no_minutes(store):
    world = World(store)
    day_ms = 86_400_000
    starts = [-MINUTES * 60_000, -NOW_NS // 10**6, -91 * day_ms, 2 * day_ms, 60_000 * day_ms]
    world.insert([row(1, number + 1, start_ms=start) for number, start in enumerate(starts)])
    world.catch_up()
    assert counted(store) == [(FROM_NS // MINUTE_NS * 60, 1)]


def test_the_minute_that_is_not_over_waits(store):
    world = World(store)
    world.insert([row(1, 1, start_ms=now_ms(), ms=1)])
    world.catch_up()
    assert counted(store) == []
    assert world.found() == world.expected()


HOUR_S = 3600


@pytest.fixture
def an_hour_ago(monkeypatch):
    """Have it be an hour ago until this is undone: what has ended since is in the future."""
    monkeypatch.setattr(module.stale, "SETTLE_S", HOUR_S)
    monkeypatch.setattr(module.stale, "OVERLAP_S", -HOUR_S)
    return monkeypatch


def wait_for_the_next_second() -> None:
    time.sleep(1.01 - time.time() % 1)


def test_what_a_clock_that_was_ahead_has_sent_is_counted_when_its_time_has_come(store, an_hour_ago):
    world = World(store)
    world.insert([ended_ago(600, 1)])
    for _ in range(2):
        wait_for_the_next_second()
        world.rollup.catch_up()
    assert counted(store) == []
    world.insert([ended_ago(300, 2)])
    an_hour_ago.undo()
    world.catch_up()
    assert len(counted(store)) == 2
    assert world.found() == world.expected()
    assert world.rollup._finder._unsettled == set()


def test_what_ended_an_hour_ago_is_counted_when_it_comes(store):
    world = World(store)
    world.insert([ended_ago(300, 1)])
    world.catch_up()
    world.insert([ended_ago(HOUR_S, 2), ended_ago(23 * HOUR_S, 3)])
    world.catch_up()
    assert len(counted(store)) == 3


def test_servers_on_one_store_count_the_same_whichever_was_down(store):
    world = World(store)
    other = MinuteRollup(store)
    world.insert([ended_ago(240, 1)])
    other.catch_up()
    world.insert([ended_ago(180, 2), ended_ago(120, 3)])
    other.catch_up()
    assert world.found() == world.expected()
    world.start_again()
    assert world.found() == world.expected()
    world.insert([ended_ago(240, 4), ended_ago(120, 5)])
    other.catch_up()
    assert world.found() == world.expected()
    keep_all_rows(store)
    before = counted(store)
    world.catch_up()
    assert counted(store) == before


def test_engines_are_counted_when_their_records_come_late_or_from_a_clock_that_was_ahead(
    store, an_hour_ago
):
    def stored() -> int:
        with store.client() as client:
            return client.query("SELECT sum(stored) FROM engine_minutes FINAL").first_row[0]

    def insert(number: int, ended_s: float) -> None:
        start_ms = now_ms() - 1000 * ended_s
        sent = steps_body(step(number, [Rider("a")], start_ms=start_ms))
        SpanWriter(store).insert(*decoded("acme", sent))

    insert(1, 900)
    rollup = MinuteRollup(store, ENGINES)
    for _ in range(2):
        wait_for_the_next_second()
        rollup.catch_up()
    assert stored() == 0
    an_hour_ago.undo()
    rollup.catch_up()
    assert stored() == 1
    insert(2, HOUR_S)
    rollup.catch_up()
    assert stored() == 2


def test_a_long_backlog_is_counted_in_parts(store, monkeypatch):
    monkeypatch.setattr(module, "MAX_SPANS", 3)
    monkeypatch.setattr(module, "MAX_MINUTES", 2)
    monkeypatch.setattr(module.stale, "MAX_FOUND", 5)
    world = World(store)
    world.insert([span(number) for number in range(1, 60)])
    world.catch_up()
    assert world.found() == world.expected()


class FailingPool:
    """A database that is away for the first question."""

    def __init__(self, pool) -> None:
        self._pool = pool
        self._failed = False

    def client(self):
        if not self._failed:
            self._failed = True
            raise StoreUnavailable("away")
        return self._pool.client()


def test_a_database_that_comes_back_is_asked_again(store, caplog):
    quick = module.SPANS._replace(every_s=0.01)
    world = World(store)
    world.insert([row(1, 1, start_ms=-300_000, ms=1)])
    server = MinuteRollup(FailingPool(store), quick)
    with caplog.at_level(logging.WARNING):
        server.start()
        deadline = time.monotonic() + 240
        while not counted(store):
            assert time.monotonic() < deadline, "the thread counts nothing"
            time.sleep(0.02)
        server.close()
    assert [record.getMessage() for record in caplog.records] == ["minutes are not counted: away"]
