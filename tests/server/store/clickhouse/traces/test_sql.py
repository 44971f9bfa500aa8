from __future__ import annotations

import json
import re

import pytest
from axonize_server.model import AttributeFilter, TraceKey, TraceSearch
from axonize_server.store.clickhouse.traces import sql

from tests.server import golden

RANGE = {"from_ns": 1_795_000_000_000_000_000, "to_ns": 1_795_003_600_000_000_000}
TIMES = {
    "arrived_from": 1_795_001_000_000_000_000,
    "stored_from": 1_794_913_600_000_000_000,
}
TRACE_ID = "5b8aa5a2d2c872e8321cf37308d69df2"
FILTERS = {
    "service": "api",
    "model": "llama",
    "gpu": "GPU-1",
    "status": "error",
    "min_duration_ns": 1_000_000,
    "max_duration_ns": 2_000_000,
    "text": "prefill",
}
ATTRIBUTES = (
    AttributeFilter("app.stage", "exists"),
    AttributeFilter("app.user", "=", "ada"),
    AttributeFilter("app.retries", "!=", "0", 0.0),
    AttributeFilter("app.queue.seconds", ">=", "0.5", 0.5),
)
SEARCHES = {
    "newest": (TraceSearch(**RANGE), None),
    "newest_next_page": (TraceSearch(**RANGE), TraceKey(1_795_000_000_000_000_009, TRACE_ID)),
    "oldest": (TraceSearch(**RANGE, sort="start_time"), None),
    "slowest": (TraceSearch(**RANGE, sort="-duration"), None),
    "fastest_next_page": (TraceSearch(**RANGE, sort="duration"), TraceKey(17, TRACE_ID)),
    "without_errors": (TraceSearch(**RANGE, status="ok"), None),
    "attributes": (TraceSearch(**RANGE, attributes=ATTRIBUTES), None),
    "every_filter": (TraceSearch(**RANGE, **FILTERS), None),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_becomes_the_query_that_was_reviewed(name):
    wanted, after = SEARCHES[name]
    query = sql.candidate_traces("acme", wanted, after, limit=51, **TIMES)
    values = "".join(f"-- {key} = {json.dumps(value)}\n" for key, value in query.parameters.items())
    golden.check(f"sql/candidate_traces_{name}.sql", values + query.text)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_binds_every_value(name):
    wanted, after = SEARCHES[name]
    query = sql.candidate_traces("acme", wanted, after, limit=51, **TIMES)
    assert set(re.findall(r"\{(\w+):", query.text)) == set(query.parameters)


@pytest.mark.parametrize(
    "name", ["ROLLED_UP_TO", "STALE_SECONDS", "ROLL_UP", "RECORD_SECONDS", "TRACES"]
)
def test_a_fixed_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/{name.lower()}.sql", getattr(sql, name).lstrip())


def test_both_sources_of_traces_filter_on_the_tenant():
    assert sql.TRACES.count("WHERE tenant_id = {tenant:String}") == 2
    assert sql.TRACES.replace(f"({sql.MAX_SET})", "") == sql.RECOUNTED_TRACES
