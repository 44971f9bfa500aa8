from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.minutes import count_sql

from tests.server import golden


@pytest.mark.parametrize("name", ["BEHIND", "HORIZONS", "COUNT_MINUTES", "COUNT_TICKS"])
def test_a_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/{name.lower()}.sql", getattr(count_sql, name).lstrip())
