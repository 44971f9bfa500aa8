"""ARCHITECTURE.md and the databases that the migrations make say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCUMENT = (Path(__file__).parents[3] / "ARCHITECTURE.md").read_text()
CLICKHOUSE = (
    "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() "
    "ORDER BY table, position"
)
POSTGRES = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns "
    "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
)


def documented(database: str) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of each table as the document lists them."""
    chapter = DOCUMENT.split(f"## Schema: {database}\n", 1)[1].split("\n## ", 1)[0]
    tables = re.split(r"^### `(\w+)`$", chapter, flags=re.MULTILINE)[1:]
    rows = r"^\| `([^`]+)` \| `([^`]+)` \|"
    return {
        table: re.findall(rows, text, re.MULTILINE)
        for table, text in zip(tables[::2], tables[1::2], strict=True)
    }


def by_table(rows) -> dict[str, list[tuple[str, str]]]:
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        tables.setdefault(table, []).append((column, kind))
    return tables


def test_clickhouse(clickhouse) -> None:
    with clickhouse.client() as client:
        assert by_table(client.query(CLICKHOUSE).result_rows) == documented("ClickHouse")


@pytest.mark.usefixtures("clickhouse")
def test_postgres(postgres) -> None:
    with postgres.connection() as connection:
        assert by_table(connection.execute(POSTGRES).fetchall()) == documented("PostgreSQL")
