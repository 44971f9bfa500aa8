from __future__ import annotations

import json
import re

from axonize_server.store.clickhouse.requests import values_sql

from tests.server import golden
from tests.server.store.clickhouse.traces.test_search_sql import TRACE_ID

STRETCHES = [(1_795_000_600_000_000_000, 1_795_000_660_000_000_000)] * 2
QUERY = values_sql.values("acme", [TRACE_ID], [], STRETCHES, 1_794_913_600_000_000_000)


def test_the_question_becomes_the_query_that_was_reviewed():
    values = "".join(f"-- {key} = {json.dumps(value)}\n" for key, value in QUERY.parameters.items())
    golden.check("sql/differences_values.sql", values + QUERY.text)


def test_the_question_binds_every_value_and_the_tenant():
    assert set(re.findall(r"\{(\w+):", QUERY.text)) == set(QUERY.parameters)
    assert QUERY.text.count("tenant_id = {tenant:String}") == QUERY.text.count("FROM spans") == 1
