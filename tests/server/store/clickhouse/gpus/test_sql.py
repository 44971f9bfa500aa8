from __future__ import annotations

import re

import pytest
from axonize_server.store.clickhouse.gpus import sql

from tests.server import golden


@pytest.mark.parametrize("name", ["SERIES", "KNOWN", "MEASURED", "USED_BY_SPANS", "OVER_TIME"])
def test_a_query_filters_on_the_tenant_and_is_the_one_that_was_reviewed(name):
    text = getattr(sql, name)
    tables = re.findall(r"FROM (?:spans|gpu_metrics)\n", text)
    assert len(tables) == text.count("WHERE tenant_id = {tenant:String}") == 1
    golden.check(f"sql/gpus_{name.lower()}.sql", text.lstrip())
