from __future__ import annotations

import json
import re

import pytest
from axonize_server.model import AttributeFilter, TraceKey, TraceSearch
from axonize_server.store.clickhouse.traces import search_sql as sql
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon

from tests.server import golden

RANGE = {"from_ns": 1_795_000_000_000_000_000, "to_ns": 1_795_003_600_000_000_000}
TIMES = {
    "arrived_from": 1_795_001_000_000_000_000,
    "stored_from": 1_794_913_600_000_000_000,
}
LATER, ALL = (
    {"horizon": Horizon(TIMES["arrived_from"], last), "stored_from": TIMES["stored_from"]}
    for last in (TIMES["arrived_from"], TIMES["arrived_from"] - 1)
)
TRACE_ID = "5b8aa5a2d2c872e8321cf37308d69df2"
FILTERS = {
    "service": "api",
    "model": "llama",
    "gpu": "GPU-1",
    "status": "error",
    "min_duration_ns": 1_000_000,
    "max_duration_ns": 2_000_000,
    "setup": False,
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
    query = sql.candidate_traces("acme", wanted, after, limit=51, **LATER)
    values = "".join(f"-- {key} = {json.dumps(value)}\n" for key, value in query.parameters.items())
    golden.check(f"sql/candidate_traces_{name}.sql", values + query.text)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("times", [LATER, ALL])
@pytest.mark.parametrize("reads_names", [False, True])
def test_a_search_binds_every_value(name, times, reads_names):
    wanted, after = SEARCHES[name]
    query = sql.candidate_traces("acme", wanted, after, 51, **times, reads_names=reads_names)
    assert set(re.findall(r"\{(\w+):", query.text)) == set(query.parameters)
    # A literal brace or a placeholder would be left over from the parts.
    assert not re.search(r"CONDITION|OF_TRACE|OF_SPAN|LATER|\{\{", query.text)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("times", [LATER, ALL])
def test_every_table_that_a_search_reads_is_filtered_on_the_tenant(name, times):
    wanted, after = SEARCHES[name]
    text = sql.candidate_traces("acme", wanted, after, 51, **times).text
    reads = len(re.findall(r"FROM (?:traces|spans)\n", text))
    assert reads == text.count("WHERE tenant_id = {tenant:String}")


def test_once_all_is_rolled_up_a_list_without_attributes_reads_no_spans():
    wanted = TraceSearch(**RANGE, status="error", gpu="GPU-1", service="api")
    assert "FROM spans" not in sql.candidate_traces("acme", wanted, None, 51, **ALL).text


def test_a_text_is_looked_for_in_trace_ids_where_it_could_be_the_start_of_one():
    texts = {"5b8A": True, "": True, "f" * 33: False, "prefill": False}
    for text, looks in texts.items():
        query = sql.candidate_traces("acme", TraceSearch(**RANGE, text=text), None, 51, **LATER)
        assert ("startsWith" in query.text) == looks
