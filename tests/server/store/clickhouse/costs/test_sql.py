from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.costs import sql

from tests.server import golden


@pytest.mark.parametrize(
    "name", ["COUNTED_TO", "UNSETTLED_MINUTES", "STALE_MINUTES", "COUNT_MINUTES", "USES"]
)
def test_a_fixed_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/engine_{name.lower()}.sql", getattr(sql, name).lstrip())


def test_every_source_filters_on_the_tenant():
    assert sql.USES.count("FROM engine_") == sql.USES.count("tenant_id = {tenant:String}") == 3
