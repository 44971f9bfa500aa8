from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.export import sql

from tests.server import golden


@pytest.mark.parametrize("name", ["OTLP_SPANS", "COUNTS", "SPANS"])
def test_a_query_filters_on_the_tenant_and_is_the_one_that_was_reviewed(name):
    text = getattr(sql, name)
    assert text.count("FROM spans\n") == text.count("WHERE tenant_id = {tenant:String}") == 1
    golden.check(f"sql/export_{name.lower()}.sql", text.lstrip())
