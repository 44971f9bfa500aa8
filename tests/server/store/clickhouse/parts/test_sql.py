from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.parts import sql

from tests.server import golden

STATEMENTS = {
    "parts_written_since": (sql.WRITTEN_SINCE, {"since": 1_800_000_000}),
    "merges_begun_before": (sql.BEGUN_BEFORE, {"before": 1_800_000_000}),
    "part_checked": (sql.check("spans", "20261126_1_1_0"), {}),
    "parts_detached": (sql.detach("spans"), {}),
    "parts_attached": (sql.attach("spans"), {}),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_clickhouse_reads_what_was_reviewed(clickhouse, name):
    text, values = STATEMENTS[name]
    golden.check(f"sql/{name}.sql", text.strip() + "\n")
    with clickhouse.client() as client:
        assert client.query(f"EXPLAIN AST {text}", parameters=values).result_rows
