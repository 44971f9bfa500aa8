from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.minutes import question_sql as sql

from tests.server import golden

QUESTIONS = {"buckets": sql.BUCKETS, "groups": sql.GROUPS}
SOURCES = {"minutes": 1, "ticks": 2, "later": 2, "later_once": 4}


@pytest.mark.parametrize("part", sql.Statistics._fields)
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_part_of_a_question_is_the_one_that_was_reviewed(name, part):
    golden.check(f"sql/{name}_{part}.sql", getattr(QUESTIONS[name], part).lstrip())


@pytest.mark.parametrize("part", sql.Statistics._fields)
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_source_filters_on_the_tenant(name, part):
    text = getattr(QUESTIONS[name], part)
    sources = sum(text.count(f"FROM {table}") for table in ("minutes", "ticks", "spans"))
    reads = 1 + text.count("JOIN")  # of what is counted over time, tokens are read apart
    assert text.count(".tenant_id = {tenant:String}") == sources == SOURCES[part] * reads
