from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.traces import rollup_sql

from tests.server import golden

QUERIES = ("ROLLED_UP_TO", "HORIZON", "KEPT", "STALE_SECONDS", "ROLL_UP", "RECORD_SECONDS")


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/{name.lower()}.sql", getattr(rollup_sql, name).lstrip())
