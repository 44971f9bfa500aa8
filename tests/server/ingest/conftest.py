"""Both decoders, for the tests that must not tell them apart."""

from __future__ import annotations

import pyarrow as pa
import pytest
from axonize_server.ingest.decode import Decoded


@pytest.fixture
def decode(new_decoder, clickhouse, tmp_path):
    """Return a function of (tenant, body) pairs that returns what the decoder makes of them."""

    def spans_of(block) -> pa.Table:
        if isinstance(block, pa.Table):
            return block
        if not block.num_rows:
            return pa.table({})
        path = tmp_path / "block.native"
        path.write_bytes(block.data)
        with clickhouse.client() as client:
            return client.query_arrow(f"SELECT * FROM file('{path}', Native)", use_strings=True)

    def decode(*requests: tuple[str, bytes]) -> Decoded:
        decoder = new_decoder()
        for tenant, body in requests:
            decoder.add(tenant, body)
        parts = decoder.finish()
        answers = dict(
            pair for part in parts for pair in zip(part.places, part.answers, strict=True)
        )
        tables = [spans_of(part.tables[0]) for part in parts]
        steps = [part.tables[1] for part in parts if part.tables[1].num_rows]
        return Decoded(
            joined([table for table in tables if table.num_rows]),
            steps[0] if steps else pa.table({}),
            [answers[place] for place in range(len(requests))],
        )

    return decode


def joined(tables: list[pa.Table]) -> pa.Table:
    """Return the rows of tables whose columns differ in order and in how text is kept."""
    if len(tables) < 2:
        return tables[0] if tables else pa.table({})
    first = tables[0].schema
    return pa.concat_tables(
        [tables[0], *(pa.Table.from_pylist(table.to_pylist(), first) for table in tables[1:])]
    )
