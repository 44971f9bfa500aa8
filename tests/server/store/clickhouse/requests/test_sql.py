from __future__ import annotations

import json
import re

import pytest
from axonize_server.model import AttributeFilter, TraceSearch
from axonize_server.requests import Box
from axonize_server.store.clickhouse.requests import sql
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon

from tests.server import golden
from tests.server.store.clickhouse.traces.test_search_sql import FILTERS, RANGE

EVERY_FILTER = TraceSearch(
    **RANGE, **FILTERS, attributes=(AttributeFilter("app.user", "=", "ada"),)
)
BOX = Box(1_795_000_600_000_000_000, 1_795_001_200_000_000_000, 1_000_000, 2_000_000)
STORED_FROM = 1_794_913_600_000_000_000
UNTIL = 1_795_001_000_000_000_000
LATER, ALL = (sql.Source(Horizon(UNTIL, last), STORED_FROM) for last in (UNTIL, UNTIL - 1))
QUERIES = {
    "heatmap": sql.bins("acme", TraceSearch(**RANGE), LATER, 12_000_000_000),
    "heatmap_rolled_up": sql.bins("acme", TraceSearch(**RANGE), ALL, 12_000_000_000),
    "heatmap_every_filter": sql.bins("acme", EVERY_FILTER, LATER, 12_000_000_000),
    "heatmap_of_names": sql.bins(
        "acme", TraceSearch(**RANGE, text="prefill"), ALL._replace(reads_names=True), 12_000_000_000
    ),
    "requests_over_time": sql.series("acme", TraceSearch(**RANGE), LATER, 60_000_000_000),
    "requests_by_service": sql.groups("acme", TraceSearch(**RANGE), LATER, "service"),
    "requests_by_model": sql.groups("acme", EVERY_FILTER, LATER, "model"),
    "differences_sample": sql.sample("acme", TraceSearch(**RANGE), LATER, BOX),
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
