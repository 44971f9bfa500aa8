"""Any request comes back as it was sent, from the table and from ClickHouse."""

from __future__ import annotations

import itertools

import pytest
from axonize_server.ingest import native
from axonize_server.ingest.decode import decode, read_request
from axonize_server.ingest.decoder import ArrowDecoder, NativeDecoder
from axonize_server.model import Accepted
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.server.ingest.otlp import REQUESTS, sent_rows, stored_rows

ROWS = """
SELECT * REPLACE (toInt8(kind) AS kind, toInt8(status) AS status)
FROM spans WHERE tenant_id = {tenant:String}
"""
BATCHES = st.lists(REQUESTS, min_size=1, max_size=3)
_numbers = itertools.count()


@settings(deadline=None, max_examples=60)
@given(BATCHES)
def test_the_table_says_what_was_sent(messages):
    decoded = decode([read_request("t", message.SerializeToString()) for message in messages])

    sent = [list(sent_rows(message)) for message in messages]
    assert stored_rows(decoded.spans) == [row for rows in sent for row in rows]
    assert decoded.answers == [Accepted(len(rows)) for rows in sent]


@pytest.mark.parametrize("new_decoder", [ArrowDecoder, NativeDecoder][: 1 + native.USING_C])
@settings(
    deadline=None,
    max_examples=20,
    phases=[Phase.generate],  # making a failure smaller takes minutes here; the test above does it
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(BATCHES)
def test_clickhouse_says_what_was_sent(new_decoder, writer, clickhouse, messages):
    tenant = f"round-trip-{next(_numbers)}"
    decoder = new_decoder()
    for message in messages:
        decoder.add(tenant, message.SerializeToString())

    for part in decoder.finish():
        writer.insert(*part.tables)

    with clickhouse.client() as client:
        table = client.query_arrow(ROWS, parameters={"tenant": tenant}, use_strings=True)
    sent = [row for message in messages for row in sent_rows(message)]
    assert in_order(stored_rows(table)) == in_order(sent)


def in_order(rows):
    return sorted(rows, key=lambda row: repr(sorted(row.items())))
