from __future__ import annotations

import threading

import pytest
from axonize_server.minutes import SpanFilter
from axonize_server.model import MigrationError, StoreRefused
from axonize_server.store.clickhouse import sql as clickhouse_sql
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.minutes.rollup import MinuteRollup
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.traces.rollup_sql import slot
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import Migration, available, migrate, pending, statements
from axonize_server.store.postgres import sql as postgres_sql

from tests.server.rows import MINUTE_NS, NOW_NS, row, table, trace_id

FIRST, SECOND = Migration(1, "001_a.sql", "aa"), Migration(2, "002_b.sql", "bb")


def test_what_ran_is_recorded_in_each_database(clickhouse, postgres):
    recorded = clickhouse.columns(clickhouse_sql.SELECT_MIGRATIONS, {}, {})
    rows = sorted(zip(*recorded, strict=True))
    assert rows == [migration[:3] for migration in available("clickhouse")]
    with postgres.connection() as connection:
        rows = sorted(connection.execute(postgres_sql.SELECT_MIGRATIONS).fetchall())
    assert rows == [migration[:3] for migration in available("postgres")]


def test_a_second_run_and_two_at_once_apply_nothing(clickhouse, postgres):
    applied = []
    threads = [
        threading.Thread(target=lambda: applied.append(migrate(postgres, clickhouse)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert applied == [[], []]


def test_two_servers_that_start_on_new_databases_apply_each_file_once(
    clickhouse, postgres, new_databases
):
    fresh_postgres, fresh_clickhouse = new_databases
    applied = []
    threads = [
        threading.Thread(target=lambda: applied.append(migrate(fresh_postgres, fresh_clickhouse)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [
        f"{kind}/{each.name}" for kind in ("postgres", "clickhouse") for each in available(kind)
    ]
    assert sorted(applied) == [[], names]


def test_only_what_has_not_run_is_pending_and_in_order():
    assert pending("X", [SECOND, FIRST], []) == [FIRST, SECOND]
    assert pending("X", [SECOND, FIRST], [FIRST]) == [SECOND]
    assert pending("X", [FIRST, SECOND], [SECOND, FIRST]) == []


def test_an_applied_file_must_not_change():
    with pytest.raises(MigrationError, match=r"X: 001_a.sql was changed after it had been applied"):
        pending("X", [FIRST], [Migration(1, "001_a.sql", "other")])


def test_a_newer_database_is_not_touched():
    with pytest.raises(MigrationError, match=r"X was changed by a newer release \(002_b.sql\)"):
        pending("X", [FIRST], [FIRST, SECOND])


def test_a_statement_that_clickhouse_refuses_ends_the_migration(new_databases, monkeypatch):
    fresh_postgres, fresh_clickhouse = new_databases
    broken = Migration(1, "001_broken.sql", "aa", "CREATE TABLE broken (x Nonsense);")
    monkeypatch.setattr(
        "axonize_server.store.migrate.available",
        lambda database: [broken] if database == "clickhouse" else [],
    )
    with pytest.raises(StoreRefused, match="Nonsense"):
        migrate(fresh_postgres, fresh_clickhouse)
    assert fresh_clickhouse.columns(clickhouse_sql.SELECT_MIGRATIONS, {}, {}) == []


def test_a_clickhouse_that_does_not_know_a_setting_keeps_its_own_way(new_databases, monkeypatch):
    fresh_postgres, fresh_clickhouse = new_databases
    script = """
CREATE TABLE IF NOT EXISTS some (x UInt8) ENGINE = MergeTree ORDER BY x;
ALTER TABLE some MODIFY SETTING of_the_next_release = 1;
ALTER TABLE some MODIFY SETTING max_parts_to_merge_at_once = 24;
"""
    monkeypatch.setattr(
        "axonize_server.store.migrate.available",
        lambda database: (
            [Migration(1, "001_some.sql", "aa", script)] if database == "clickhouse" else []
        ),
    )
    assert migrate(fresh_postgres, fresh_clickhouse) == ["clickhouse/001_some.sql"]
    query = "SELECT engine_full FROM system.tables WHERE name = 'some'"
    ((engine,),) = fresh_clickhouse.columns(query, {}, {})
    assert engine.endswith("max_parts_to_merge_at_once = 24")


OLD_MINUTE = """
INSERT INTO minutes (tenant_id, minute, model, stored, spans, input_tokens, output_tokens)
VALUES ('acme', {minute:DateTime}, 'llama', 2, 2, 80, 22)
"""
OLD_TRACE = """
INSERT INTO traces (tenant_id, day, slot, trace_id, start_time, end_time, entry, tokens)
VALUES ('acme', today(), {slot:UInt32}, unhex({id:String}),
    fromUnixTimestamp64Nano({start:Int64}, 'UTC'), fromUnixTimestamp64Nano({start:Int64}, 'UTC'),
    repeat('\\0', 21), [(1, 40, 11), (2, 40, 11)])
"""


def migrate_to(version: int, postgres, clickhouse, monkeypatch) -> None:
    """Make databases as an earlier release left them."""
    before = [each for each in available("clickhouse") if each.version <= version]
    with monkeypatch.context() as older:
        older.setattr(
            "axonize_server.store.migrate.available",
            lambda database: before if database == "clickhouse" else [],
        )
        migrate(postgres, clickhouse)


def test_tokens_that_were_rolled_up_before_they_were_told_apart_go_on_to_count(
    new_databases, monkeypatch
):
    postgres, clickhouse = new_databases
    migrate_to(16, postgres, clickhouse, monkeypatch)
    first_ns = NOW_NS - 10 * MINUTE_NS
    with clickhouse.client() as client:
        client.command(OLD_MINUTE, {"minute": first_ns // 10**9})
        client.command(OLD_TRACE, {"slot": slot(first_ns), "id": trace_id(1), "start": first_ns})
    migrate(postgres, clickhouse)
    ends = [
        row(trace, number, start_ms=-500_000, kind=kind, model="llama", input_tokens=5)
        for trace, number, kind in ((1, 3, "client"), (1, 4, "server"), (2, 5, "client"))
    ]
    SpanWriter(clickhouse).insert(table("acme", ends))
    MinuteRollup(clickhouse).catch_up()
    TraceRollup(clickhouse, settle_s=-1).catch_up()
    spans, minutes = SpanReader(clickhouse, {}), MinuteReader(clickhouse, {})
    for _ in range(2):
        found = spans.traces("acme", [trace_id(1), trace_id(2)], first_ns)
        assert {key: (each.input_tokens, each.output_tokens) for key, each in found.items()} == {
            trace_id(1): (85, 22), trace_id(2): (5, 0),
        }  # fmt: skip
        (whole,) = minutes.buckets("acme", SpanFilter(), first_ns, NOW_NS, NOW_NS - first_ns)
        assert (whole.statistics.input_tokens, whole.statistics.output_tokens) == (90, 22)
        with clickhouse.client() as client:
            for name in ("traces", "minutes"):
                client.command(f"OPTIMIZE TABLE {name} FINAL")


def test_how_long_spans_took_that_were_stored_before_is_told_by_their_times(
    new_databases, monkeypatch
):
    postgres, clickhouse = new_databases
    migrate_to(18, postgres, clickhouse, monkeypatch)
    SpanWriter(clickhouse).insert(table("acme", [row(1, 1, ms=2.5)]))
    migrate(postgres, clickhouse)
    SpanWriter(clickhouse).insert(table("acme", [row(1, 2, ms=4)]))
    with clickhouse.client() as client:
        for _ in range(2):
            found = client.query("SELECT duration_ns FROM spans ORDER BY duration_ns").result_rows
            assert found == [(2_500_000,), (4_000_000,)]
            client.command("OPTIMIZE TABLE spans FINAL")


def test_a_script_is_cut_at_semicolons_that_end_a_line():
    script = "-- a; comment;\nSELECT ';',\n  1;\n\n-- end;\nSELECT 2;"
    assert statements(script) == ["SELECT ';',\n  1", "SELECT 2"]


def test_a_database_made_for_one_server_does_not_become_a_cluster(clickhouse, postgres):
    with pytest.raises(MigrationError, match="made for one server"):
        migrate(postgres, clickhouse, "main")
