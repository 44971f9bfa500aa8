from __future__ import annotations

import threading

import pytest
from axonize_server.model import MigrationError, StoreRefused
from axonize_server.store.clickhouse import sql as clickhouse_sql
from axonize_server.store.migrate import Migration, available, migrate, pending, statements
from axonize_server.store.postgres import sql as postgres_sql

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


def test_a_script_is_cut_at_semicolons_that_end_a_line():
    script = "-- a; comment;\nSELECT ';',\n  1;\n\n-- end;\nSELECT 2;"
    assert statements(script) == ["SELECT ';',\n  1", "SELECT 2"]


def test_a_database_made_for_one_server_does_not_become_a_cluster(clickhouse, postgres):
    with pytest.raises(MigrationError, match="made for one server"):
        migrate(postgres, clickhouse, "main")
