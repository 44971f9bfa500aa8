from __future__ import annotations

from datetime import date

import pytest
from axonize_server.store.clickhouse.removal import sql

DAY = date(2026, 11, 26)
VALUES = {
    "tenant": "acme",
    "trace_id": "0" * 32,
    "minutes": [60],
    "tenants": ["acme"],
    "befores": [DAY],
}


def statements(cluster: str) -> list[str]:
    return [
        *sql.of_trace(cluster),
        sql.minutes(cluster),
        sql.drop_day("spans", DAY, cluster),
        *(sql.delete_days(table, cluster) for table in sql.DAYS),
    ]


def test_on_a_cluster_the_tables_that_hold_rows_are_changed():
    for alone, clustered in zip(statements(""), statements("main"), strict=True):
        _, _, table, change = alone.split(" ", 3)
        assert clustered == f"ALTER TABLE {table}_local ON CLUSTER `main` {change}"


@pytest.mark.parametrize("cluster", ["", "main"])
def test_clickhouse_reads_every_statement(clickhouse, cluster):
    with clickhouse.client() as client:
        for statement in statements(cluster):
            tree = client.query(f"EXPLAIN AST {statement}", parameters=VALUES).result_rows
            assert tree[0][0].startswith("AlterQuery")


def test_on_a_cluster_it_is_asked_what_every_server_of_it_writes():
    alone, clustered = sql.oldest_write(""), sql.oldest_write("main")
    of_all = "clusterAllReplicas(`main`, system.processes)"
    assert clustered == alone.replace("system.processes", of_all)


def test_what_is_deleted_is_of_a_tenant():
    for statement in statements(""):
        assert "tenant_id" in statement or "DROP PARTITION ID '20261126'" in statement
