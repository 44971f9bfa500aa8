from __future__ import annotations

from axonize_server.store.clickhouse.processes import sql

from tests.server import golden


def test_the_query_is_the_one_that_was_reviewed_and_filters_on_the_tenant() -> None:
    text = sql.SEEN_SINCE
    assert text.count("FROM processes") == text.count("WHERE tenant_id = {tenant:String}") == 1
    golden.check("sql/processes_seen_since.sql", text.lstrip())
