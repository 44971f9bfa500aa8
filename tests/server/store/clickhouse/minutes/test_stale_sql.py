from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.minutes import stale_sql

from tests.server import golden

QUERIES = ("STALE_MINUTES", "UNSETTLED_MINUTES", "STALE_TICKS", "STALE_TICKS_LISTED")


@pytest.mark.parametrize("name", [*QUERIES, "COMMITTED", "TOUCHED_TICKS"])
def test_a_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/{name.lower()}.sql", getattr(stale_sql, name).lstrip())
