from __future__ import annotations

import json
import re

import pytest
from axonize_server.model import AttributeFilter, TraceSearch
from axonize_server.requests import Box
from axonize_server.store.clickhouse.requests import sql

from tests.server import golden
from tests.server.store.clickhouse.traces.test_sql import FILTERS, RANGE, TRACE_ID

EVERY_FILTER = TraceSearch(
    **RANGE, **FILTERS, attributes=(AttributeFilter("app.user", "=", "ada"),)
)
BOX = Box(1_795_000_600_000_000_000, 1_795_001_200_000_000_000, 1_000_000, 2_000_000)
STRETCHES = [(1_795_000_600_000_000_000, 1_795_000_660_000_000_000)] * 2
TIMES = {"arrived_from": 1_795_001_000_000_000_000, "stored_from": 1_794_913_600_000_000_000}
QUERIES = {
    "heatmap": sql.bins("acme", TraceSearch(**RANGE), 12_000_000_000, **TIMES),
    "heatmap_every_filter": sql.bins("acme", EVERY_FILTER, 12_000_000_000, **TIMES),
    "requests_over_time": sql.series("acme", TraceSearch(**RANGE), 60_000_000_000, **TIMES),
    "requests_by_service": sql.groups("acme", TraceSearch(**RANGE), "service", **TIMES),
    "requests_by_model": sql.groups("acme", EVERY_FILTER, "model", **TIMES),
    "differences_sample": sql.sample("acme", TraceSearch(**RANGE), BOX, **TIMES),
    "differences_values": sql.values("acme", [TRACE_ID], [], STRETCHES, TIMES["stored_from"]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_becomes_the_query_that_was_reviewed(name):
    query = QUERIES[name]
    values = "".join(f"-- {key} = {json.dumps(value)}\n" for key, value in query.parameters.items())
    golden.check(f"sql/{name}.sql", values + query.text)


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_binds_every_value_and_the_tenant(name):
    query = QUERIES[name]
    assert set(re.findall(r"\{(\w+):", query.text)) == set(query.parameters)
    assert query.text.count("tenant_id = {tenant:String}") == query.text.count("FROM spans") + (
        query.text.count("FROM traces")
    )
