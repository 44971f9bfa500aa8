from __future__ import annotations

import pytest
from axonize_server.store.clickhouse.minutes import sql

from tests.server import golden

QUESTIONS = ("BUCKETS", "GROUPS")


@pytest.mark.parametrize("name", ["COUNTED_TO", "STALE_MINUTES", "COUNT_MINUTES", *QUESTIONS])
def test_a_fixed_query_is_the_one_that_was_reviewed(name):
    golden.check(f"sql/{name.lower()}.sql", getattr(sql, name).lstrip())


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_source_filters_on_the_tenant(name):
    text = getattr(sql, name)
    sources = text.count("FROM minutes") + text.count("FROM spans")
    assert text.count(".tenant_id = {tenant:String}") == sources == 5
