from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.minutes import add_up_sql

from tests.server import golden


@pytest.mark.parametrize("name", ["TICKED_MINUTES", "ADD_UP_TICKS"])
def test_a_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/{name.lower()}.sql", getattr(add_up_sql, name).lstrip())
