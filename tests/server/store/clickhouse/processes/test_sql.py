from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.processes import sql

from tests.server import golden


@pytest.mark.parametrize("name", ["SEEN_SINCE", "SERVICES_SINCE"])
def test_the_query_is_the_one_that_was_reviewed_and_filters_on_the_tenant(name: str) -> None:
    text = str(getattr(sql, name))
    assert text.count("FROM processes") == text.count("WHERE tenant_id = {tenant:String}") == 1
    golden.check(f"sql/processes_{name.lower()}.sql", text.lstrip())
