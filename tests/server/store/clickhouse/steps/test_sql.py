from __future__ import annotations

import json
import re

import pytest
from axonize_server.steps import StepKey, StepSearch
from axonize_server.store.clickhouse.steps import sql

from tests.server import golden

RANGE = {"from_ns": 1_795_000_000_000_000_000, "to_ns": 1_795_003_600_000_000_000}
SEARCHES = {
    "newest": (StepSearch(**RANGE), None),
    "of_an_engine_next_page": (
        StepSearch(**RANGE, engine_id="engine-a-0"),
        StepKey(1_795_000_000_000_000_009, "engine-a-0", 7),
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_becomes_the_query_that_was_reviewed(name):
    wanted, after = SEARCHES[name]
    query = sql.steps("acme", wanted, after, limit=101)
    assert set(re.findall(r"\{(\w+):", query.text)) == set(query.parameters)
    assert_every_table_is_filtered(query.text)
    values = "".join(f"-- {key} = {json.dumps(value)}\n" for key, value in query.parameters.items())
    golden.check(f"sql/steps_{name}.sql", values + query.text.lstrip())


FIXED = ("ENGINES", "TRACE_START", "RIDES", "TRACE_STEPS", "STEPS_OVER_TIME", "STEPS_BY_MODEL")


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_query_filters_on_the_tenant_and_is_the_one_that_was_reviewed(name):
    text = getattr(sql, name)
    assert_every_table_is_filtered(text)
    golden.check(f"sql/{name.lower()}.sql", text.lstrip())


def assert_every_table_is_filtered(text: str) -> None:
    tables = re.findall(r"FROM (?:spans|engine_steps)\n", text)
    assert len(tables) == text.count("WHERE tenant_id = {tenant:String}") > 0
