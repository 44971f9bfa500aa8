from __future__ import annotations

import pyarrow as pa
import pytest
from axonize_server.model import StoreRefused
from axonize_server.store.clickhouse.writer import OF_A_BLOCK

from tests.server.rows import row, table, trace_id


def test_a_block_can_be_read_as_soon_as_insert_returns(writer, reader, tenant):
    writer.insert(table(tenant, [row(1, number) for number in range(1, 101)]))
    assert len(reader.trace_spans(tenant, trace_id(1))) == 100


def test_no_column_has_a_default_of_its_own_but_the_one_that_blocks_leave_out(clickhouse):
    """Of what a block does not bring ClickHouse takes the type's default, not the column's."""
    query = (
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'spans' "
        "AND default_kind NOT IN ('', 'ALIAS')"
    )
    (names,) = clickhouse.columns(query, {}, {})
    assert f"(* EXCEPT({', '.join(names)}))" == OF_A_BLOCK


def test_a_block_with_an_unknown_column_is_refused_and_nothing_is_stored(writer, reader, tenant):
    block = table(tenant, [row(1, 1)])
    block = block.append_column("surprise", pa.array(["x"]))
    with pytest.raises(StoreRefused, match="surprise"):
        writer.insert(block)
    assert reader.trace_spans(tenant, trace_id(1)) == []
