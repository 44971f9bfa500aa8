from __future__ import annotations

from axonize_server.store.clickhouse.traces import figures_sql as sql
from axonize_server.store.clickhouse.traces.rollup_sql import MAX_SET

from tests.server import golden


def test_the_query_is_the_one_that_was_reviewed():
    golden.check("sql/traces.sql", sql.TRACES.lstrip())


def test_all_sources_filter_on_the_tenant():
    assert sql.TRACES.count("WHERE tenant_id = {tenant:String}") == 2
    assert sql.ROLLED_UP_TRACES.count("WHERE tenant_id = {tenant:String}") == 1
    assert sql.TRACES.replace(f"({MAX_SET})", "") == sql.RECOUNTED_TRACES


def test_once_all_is_rolled_up_no_spans_are_read():
    assert "FROM spans" not in sql.ROLLED_UP_TRACES
