"""The roll-up gives what a recount of the spans gives, whatever happened."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest
from axonize_server.model import StoreUnavailable, TraceRecord, TraceSearch
from axonize_server.query import traces
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.traces import rollup as module
from axonize_server.store.clickhouse.traces import rollup_sql as sql
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.rows import MINUTE_NS, NOW_NS, TIMESTAMP, row, table, trace_id

WINDOW = {"from_ns": NOW_NS - MINUTE_NS, "to_ns": NOW_NS + MINUTE_NS}
TABLES = ("spans", "traces", "rolled_up_seconds")


class Killed(BaseException):
    """The process ended here."""


class MortalPool:
    """Connections that end the process before the command with a number, counted from 0."""

    def __init__(self, pool, at: int) -> None:
        self._pool = pool
        self._left = at

    @contextmanager
    def client(self):
        with self._pool.client() as self._client:
            yield self

    def check_room(self):
        self._pool.check_room()

    def query(self, *arguments, **keywords):
        return self._client.query(*arguments, **keywords)

    def command(self, *arguments, **keywords):
        if not self._left:
            raise Killed
        self._left -= 1
        return self._client.command(*arguments, **keywords)


class World:
    """A store of its own, and what a reader must find in it."""

    tenant = "acme"

    def __init__(self, pool) -> None:
        self.pool = pool
        self.reader = SpanReader(pool, {})
        self.spans: dict[tuple[bytes, bytes], dict[str, Any]] = {}
        self.second = int(time.time()) - 1000
        self.late = False
        with pool.client() as client:
            for name in TABLES:
                client.command(f"TRUNCATE TABLE {name}")

    def insert(self, rows: list[dict[str, Any]], seconds_later: int = 1) -> None:
        """Commit spans; in a second that may be rolled up already when that is not later."""
        self.second += seconds_later
        self.late |= not seconds_later
        times = pa.array([self.second * 1_000_000_000] * len(rows), TIMESTAMP)
        SpanWriter(self.pool).insert(table(self.tenant, rows).append_column("ingested_at", times))
        self.spans |= {(each["trace_id"], each["span_id"]): each for each in rows}

    def roll_up(self) -> None:
        TraceRollup(self.pool).catch_up()
        self.late = False

    def roll_up_and_die(self, at: int) -> None:
        try:
            TraceRollup(MortalPool(self.pool, at)).catch_up()
        except Killed:
            return
        self.late = False

    def listed(self) -> list[TraceRecord]:
        found, _ = traces.search(self.reader, self.tenant, TraceSearch(**WINDOW), None)
        return found

    def recount(self) -> list[TraceRecord]:
        ids = {trace for trace, _ in self.spans}
        found = [
            recount([span for (trace, _), span in self.spans.items() if trace == wanted])
            for wanted in ids
        ]
        return sorted(found, key=lambda each: (each.start_ns, each.trace_id), reverse=True)


def recount(spans: list[dict[str, Any]]) -> TraceRecord:
    """Return what the spans of a trace say, in plain Python."""
    entry = min(
        spans,
        key=lambda s: (
            s["parent_span_id"] != bytes(8), s["kind"] != "server", s["start_time"], s["span_id"]
        ),
    )  # fmt: skip
    start = min(span["start_time"] for span in spans)
    tokens = {
        name: max(
            sum(span[name] for span in spans if span["kind"] == "client"),
            sum(span[name] for span in spans if span["kind"] != "client"),
        )
        for name in ("input_tokens", "output_tokens")
    }
    ttft = [span["ttft_ms"] for span in spans if span["ttft_ms"] > 0]
    return TraceRecord(
        trace_id=spans[0]["trace_id"].hex(),
        start_ns=start,
        duration_ns=max(span["end_time"] for span in spans) - start,
        name=entry["name"],
        service_name=entry["service_name"],
        services=sorted({span["service_name"] for span in spans}),
        models=sorted({span["model"] for span in spans} - {""}),
        span_count=len(spans),
        error_count=sum(span["status"] == "error" for span in spans),
        **tokens,
        ttft_ms=min(ttft) if ttft else None,
        setup=any(span["setup"] and span["parent_span_id"] == bytes(8) for span in spans),
    )


def span(trace: int, number: int) -> dict[str, Any]:
    """Return one of the spans that exist; a span that comes twice says the same twice."""
    mixed = (trace * 7919 + number * 104729) % 997
    return row(
        trace,
        number,
        mixed % 3,
        start_ms=mixed * 20,
        ms=mixed % 17,
        name=f"name {mixed % 4}",
        kind=("server", "internal", "client")[mixed % 3],
        service_name=f"service {mixed % 5}",
        model=("", "llama", "qwen")[mixed % 3],
        status=("unset", "ok", "error")[mixed % 3],
        input_tokens=mixed % 2 * mixed,
        output_tokens=mixed % 7,
        ttft_ms=mixed % 5 * 0.5,
        setup=mixed % 4 == 0,
    )


BATCHES = st.lists(st.builds(span, st.integers(1, 3), st.integers(1, 9)), min_size=1, max_size=6)
ACTIONS = st.one_of(
    st.tuples(st.just("insert"), BATCHES, st.integers(0, 2)),
    st.tuples(st.just("roll_up")),
    st.tuples(st.just("roll_up_and_die"), st.integers(0, 1)),
)


@pytest.fixture
def store(new_databases):
    """A store that nobody else writes to."""
    postgres, clickhouse = new_databases
    migrate(postgres, clickhouse)
    return clickhouse


@given(actions=st.lists(ACTIONS, min_size=1, max_size=8))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_list_is_what_a_recount_gives(store, actions):
    world = World(store)
    for name, *arguments in actions:
        getattr(world, name)(*arguments)
        # A span in a second that was rolled up before it came waits for the next check.
        if not world.late:
            assert world.listed() == world.recount()
    world.roll_up()
    assert world.listed() == world.recount()
    with store.client() as client:
        client.command("OPTIMIZE TABLE traces FINAL")
    assert world.listed() == world.recount()


def rolled_up(store) -> list[tuple[int, int]]:
    with store.client() as client:
        query = "SELECT toUnixTimestamp(second), spans FROM rolled_up_seconds FINAL ORDER BY second"
        return client.query(query).result_rows


def test_only_what_is_not_rolled_up_is_rolled_up(store):
    world = World(store)
    world.insert([span(1, 1), span(1, 2)])
    world.roll_up()
    first = rolled_up(store)
    with store.client() as client:
        client.command("TRUNCATE TABLE traces")
    world.insert([span(2, 3)])
    world.roll_up()
    assert first == [(world.second - 1, 2)]
    assert rolled_up(store) == [*first, (world.second, 1)]
    assert [each.trace_id for each in world.listed()] == [trace_id(2)]


def test_a_reader_reads_spans_as_well_while_some_are_not_rolled_up(store):
    world = World(store)
    world.insert([span(1, 1)])
    world.roll_up()
    until_ns = (world.second + 1) * 1_000_000_000
    horizon = world.reader.horizon()
    assert (horizon.until_ns, horizon.is_all) == (until_ns, True)
    assert until_ns - 1_000_000_000 <= horizon.committed_ns < until_ns
    with store.client() as client:
        client.command("TRUNCATE TABLE spans")
    assert world.listed() == world.recount()
    world.insert([span(1, 2)])
    horizon = world.reader.horizon()
    assert (horizon.until_ns, horizon.is_all) == (until_ns, False)
    assert horizon.committed_ns >= until_ns
    assert world.listed() == world.recount()


def test_how_many_spans_come_is_said_by_the_busiest_of_the_last_sixty_seconds(store):
    world = World(store)
    counts = [9_000, 700, *[3] * 58, 1]
    with store.client() as client:
        seconds = list(range(world.second, world.second + len(counts)))
        parameters = {"seconds": seconds, "counts": counts}
        client.command(sql.RECORD_SECONDS, parameters=parameters)
    horizon = world.reader.horizon()
    until_ns = (world.second + len(counts)) * 1_000_000_000
    assert (horizon.until_ns, horizon.spans_per_s) == (until_ns, 700)


def test_what_has_not_settled_is_left_to_the_next_check(store):
    world = World(store)
    world.second = int(time.time()) + 60
    world.insert([span(1, 1)])
    world.roll_up()
    assert rolled_up(store) == []
    assert world.listed() == world.recount()


def test_a_look_back_counts_from_the_last_second(store):
    world = World(store)
    world.insert([span(1, 1)])
    world.insert([span(1, 2)], seconds_later=100)
    world.roll_up()
    world.insert([span(1, 3)], seconds_later=-100)
    TraceRollup(store).catch_up(look_back_s=60)
    assert [each.span_count for each in world.listed()] == [2]
    TraceRollup(store).catch_up(look_back_s=120)
    assert [each.span_count for each in world.listed()] == [3]


def test_a_long_backlog_is_rolled_up_in_parts(store, monkeypatch):
    monkeypatch.setattr(module, "MAX_SPANS", 3)
    monkeypatch.setattr(module, "MAX_SECONDS", 2)
    monkeypatch.setattr(module, "MAX_FOUND", 5)
    world = World(store)
    for number in range(1, 10):
        world.insert([span(number % 3 + 1, number)] * (number % 4 + 1))
    world.roll_up()
    assert [spans for _, spans in rolled_up(store)] == [n % 4 + 1 for n in range(1, 10)]
    assert world.listed() == world.recount()


@pytest.mark.parametrize(("kind", "tokens"), [("internal", "tokens"), ("client", "client_tokens")])
def test_a_trace_with_more_spans_than_a_set_holds_is_counted_from_them(store, kind, tokens):
    world = World(store)
    many = [
        row(1, number, 1, status="error", input_tokens=number, name=f"step {number}", kind=kind)
        for number in range(1, sql.MAX_SET + 500)
    ]
    world.insert(many[: sql.MAX_SET // 2])
    world.insert(many)
    world.roll_up()
    assert world.listed() == world.recount()
    with store.client() as client:
        sizes = (
            f"SELECT max(length(error_ids)), max(length({tokens})), max(length(names)) FROM traces"
        )
        assert client.query(f"{sizes} FINAL").first_row == (sql.MAX_SET,) * 3


def test_the_tokens_of_a_call_with_two_ends_count_once(store):
    world = World(store)
    ends = [
        row(1, 1, kind="client", input_tokens=40, output_tokens=11),
        row(1, 2, 1, kind="server", input_tokens=40, output_tokens=11),
    ]
    # An agent: the one it calls is traced, the other is not.
    agent = [
        row(2, 3, name="agent"),
        row(2, 4, 3, kind="client", input_tokens=40, output_tokens=11),
        row(2, 5, 4, kind="server", input_tokens=40, output_tokens=11),
        row(2, 6, 3, kind="client", input_tokens=5, output_tokens=6),
    ]
    # What a client reads no usage of, its server knows.
    stream = [
        row(3, 7, kind="client", output_tokens=11),
        row(3, 8, 7, kind="server", input_tokens=40, output_tokens=10),
    ]
    world.insert([*ends, *agent, *stream])
    for _ in range(2):
        found = {each.trace_id: (each.input_tokens, each.output_tokens) for each in world.listed()}
        assert found == {trace_id(1): (40, 11), trace_id(2): (45, 17), trace_id(3): (40, 11)}
        world.roll_up()


def test_what_earlier_releases_rolled_up_has_every_id_in_one_set(store):
    world = World(store)
    more = {"status": "error", "input_tokens": 5}
    world.insert([row(1, 1), row(1, 2, 1, **more), row(1, 3, 1, output_tokens=7)])
    world.roll_up()
    ids = "SELECT span_ids, error_ids, tokens.1 FROM traces"
    with store.client() as client:
        assert [len(each) for each in client.query(ids).first_row] == [1, 1, 2]
        client.command(
            "INSERT INTO traces SELECT * "
            "REPLACE (arrayDistinct(arrayConcat(span_ids, error_ids, tokens.1)) AS span_ids) "
            "FROM traces"
        )
    world.insert([row(1, 3, 1, output_tokens=7, status="error"), row(1, 4)])
    assert world.listed() == world.recount()
    world.roll_up()
    assert world.listed() == world.recount()
    assert [(each.span_count, each.error_count) for each in world.listed()] == [(4, 2)]


def test_what_makes_ready_within_a_request_makes_no_set_up_of_it(store):
    world = World(store)
    load = {"name": "load llama", "setup": True}
    world.insert([row(1, 1, 9, **load), row(2, 2), row(2, 3, 2, **load), row(3, 4, **load)])
    world.insert([row(1, 9), row(3, 5, 4)])
    for _ in range(2):
        assert {each.trace_id: each.setup for each in world.listed()} == {
            trace_id(1): False, trace_id(2): False, trace_id(3): True,
        }  # fmt: skip
        for setup in (True, False):
            wanted = TraceSearch(**WINDOW, setup=setup)
            found, _ = traces.search(world.reader, world.tenant, wanted, None)
            assert found == [each for each in world.listed() if each.setup == setup]
        world.roll_up()


def test_a_trace_is_named_whatever_bytes_the_name_holds(store):
    world = World(store)
    name, service = "a\0b\xff" * 300, "\0service"
    world.insert([row(1, 1, name=name, service_name=service), row(1, 2, 1, name="")])
    world.roll_up()
    assert world.listed() == world.recount()
    assert [(each.name, each.service_name) for each in world.listed()] == [(name, service)]


def test_the_first_of_several_roots_names_the_trace(store):
    world = World(store)
    # Starts whose bytes end in zeros, and one before 1970.
    for trace, starts in ((1, (256, 1)), (2, (1 << 40, (1 << 40) + 1)), (3, (-5, 5))):
        world.insert(
            [
                {**row(trace, n, name=f"root {n}"), "start_time": start, "end_time": NOW_NS}
                for n, start in enumerate(starts, 1)
            ]
        )
    world.roll_up()
    found = SpanReader(store, {}).traces(world.tenant, [trace_id(n) for n in (1, 2, 3)], 0)
    assert [found[trace_id(n)].name for n in (1, 2, 3)] == ["root 2", "root 1", "root 1"]


def test_a_large_trace_whose_spans_are_gone_keeps_its_figures(store):
    world = World(store)
    world.insert([row(1, number) for number in range(1, sql.MAX_SET + 500)])
    world.roll_up()
    with store.client() as client:
        client.command("TRUNCATE TABLE spans")
    assert [each.span_count for each in world.listed()] == [sql.MAX_SET]


def wait_until_rolled_up(store, count: int) -> None:
    deadline = time.monotonic() + 240
    while sum(spans for _, spans in rolled_up(store)) < count:
        assert time.monotonic() < deadline, "the thread rolls nothing up"
        time.sleep(0.02)


def test_two_servers_begin_with_what_was_stored_before(store):
    world = World(store)
    for number in range(1, 20):
        world.insert([span(number % 3 + 1, number)])
    servers = [TraceRollup(store), TraceRollup(store)]
    for server in servers:
        server.start()
    wait_until_rolled_up(store, 19)
    for server in servers:
        server.close()
    assert world.listed() == world.recount()
    assert len(rolled_up(store)) == 19


class FailingPool:
    """A database that is away for the first questions."""

    def __init__(self, pool, failures: int) -> None:
        self._pool = pool
        self._failures = failures

    @contextmanager
    def client(self):
        if self._failures:
            self._failures -= 1
            raise StoreUnavailable("away")
        with self._pool.client() as client:
            yield client

    def check_room(self):
        self._pool.check_room()


def test_a_database_that_comes_back_is_asked_again(store, monkeypatch, caplog):
    monkeypatch.setattr(module, "EVERY_S", 0.01)
    world = World(store)
    world.insert([span(1, 1)])
    server = TraceRollup(FailingPool(store, failures=2))
    with caplog.at_level(logging.WARNING):
        server.start()
        wait_until_rolled_up(store, 1)
        server.close()
    message = "traces are not rolled up, lists read spans meanwhile: away"
    assert [record.getMessage() for record in caplog.records] == [message] * 2


class RefusingPool(FailingPool):
    """A database that refuses every statement."""

    @contextmanager
    def client(self):
        yield self

    def query(self, *_, **__):
        raise DatabaseError("Code: 242. DB::Exception: too many parts")


def test_an_error_of_the_database_is_one_of_ours(store):
    with pytest.raises(StoreUnavailable, match="too many parts"):
        TraceRollup(RefusingPool(store, 0)).catch_up()
