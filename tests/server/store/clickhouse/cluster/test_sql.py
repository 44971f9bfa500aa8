"""No cluster runs here: ClickHouse's parser reads what is rendered, and the text is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from axonize_server.model import MigrationError
from axonize_server.store.clickhouse import sql
from axonize_server.store.clickhouse.cluster.sql import check_made_for, render
from axonize_server.store.migrate import available, statements

GOLDEN = Path(__file__).with_name("golden.sql")


def rendered() -> list[str]:
    scripts = [sql.CREATE_MIGRATIONS, *(each.text for each in available("clickhouse"))]
    return [
        each
        for script in scripts
        for statement in statements(f"{script.rstrip().rstrip(';')};\n")
        for each in render(statement, "main")
    ]


def test_the_migrations_on_a_cluster_are_the_golden_file():
    text = ";\n\n".join(rendered()) + ";\n"
    assert GOLDEN.read_text(encoding="utf-8") == text


def test_clickhouse_reads_every_statement(clickhouse):
    with clickhouse.client() as client:
        for statement in rendered():
            tree = client.query(f"EXPLAIN AST {statement}").result_rows
            assert tree[0][0].startswith(("CreateQuery", "AlterQuery")), tree


def test_an_index_is_added_where_the_rows_are():
    statement = "ALTER TABLE spans ADD INDEX x x TYPE minmax"
    assert render(statement, "main") == [
        "ALTER TABLE spans_local ON CLUSTER `main` ADD INDEX x x TYPE minmax"
    ]


def test_without_a_cluster_a_statement_is_itself():
    assert render("SELECT 1", "") == ["SELECT 1"]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("ALTER TABLE spans DROP COLUMN x", "no form for a cluster yet: ALTER TABLE spans"),
        (
            "CREATE TABLE IF NOT EXISTS other (x Int8) ENGINE = MergeTree ORDER BY x",
            "which shard a row of other",
        ),
    ],
)
def test_what_has_no_form_for_a_cluster_is_refused(statement, why):
    with pytest.raises(MigrationError, match=why):
        render(statement, "main")


@pytest.mark.parametrize(
    ("engine", "cluster"), [("", ""), ("", "a"), ("MergeTree", ""), ("ReplicatedMergeTree", "a")]
)
def test_a_database_in_the_form_that_is_set_is_fine(engine, cluster):
    check_made_for(engine, cluster)


@pytest.mark.parametrize(
    ("engine", "cluster", "made"),
    [("MergeTree", "a", "one server"), ("ReplicatedMergeTree", "", "a cluster")],
)
def test_a_database_in_another_form_is_not_touched(engine, cluster, made):
    with pytest.raises(MigrationError, match=f"made for {made}: set or unset"):
        check_made_for(engine, cluster)
