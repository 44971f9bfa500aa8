from __future__ import annotations

import re

import pytest
from axonize_server.store.clickhouse import sql

from tests.server import golden


@pytest.mark.parametrize("name", ["FACETS", "TRACE_SPANS", "SPAN_DETAIL", "SPAN_DETAILS_PAGE"])
def test_a_fixed_query_filters_on_the_tenant_and_is_the_one_that_was_reviewed(name):
    text = getattr(sql, name)
    reads = len(re.findall(r"FROM (?:spans|minutes)\n", text))
    assert (
        reads == text.count("WHERE tenant_id = {tenant:String}") == (3 if name == "FACETS" else 1)
    )
    golden.check(f"sql/{name.lower()}.sql", text.lstrip())
