"""Parquet files as other tools read them."""

from __future__ import annotations

import io
import itertools

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from axonize_server.export import parquet
from axonize_server.model import TraceSearch
from axonize_server.store.clickhouse.export.reader import ExportReader, SpanRange

from tests.server.rows import MINUTE_NS, NOW_NS, row, span_id, table, trace_id

HOUR_NS = 60 * MINUTE_NS
RANGE = SpanRange(NOW_NS - HOUR_NS, NOW_NS + HOUR_NS)
SEARCH = TraceSearch(from_ns=RANGE.from_ns, to_ns=RANGE.to_ns)


@pytest.fixture
def export_reader(clickhouse, settings) -> ExportReader:
    return ExportReader(clickhouse, settings.query_limits)


def read(pieces) -> pa.Table:
    return pq.read_table(io.BytesIO(b"".join(pieces)))


def test_spans_say_all_that_is_stored_each_once(export_reader, writer, tenant):
    rows = [
        row(1, 1, model="m", attributes=[("k", "v")], attribute_types="s", ms=2.5),
        row(1, 2, 1, start_ms=1, kind="server", status="error"),
        row(2, 3, start_ms=7_200_000),
    ]
    for _ in range(2):
        writer.insert(table(tenant, rows))
    writer.insert(table(f"{tenant}-other", rows))
    found = read(parquet.spans(export_reader, tenant, RANGE)).to_pylist()
    ids = [(each["trace_id"], each["span_id"], each["parent_span_id"]) for each in found]
    assert ids == [(trace_id(1), span_id(1), ""), (trace_id(1), span_id(2), span_id(1))]
    first, second = found
    assert (first["model"], first["attributes"], first["attribute_types"]) == (
        "m",
        [("k", "v")],
        "s",
    )
    assert (first["duration_ns"], second["kind"], second["status"]) == (
        2_500_000,
        "server",
        "error",
    )
    assert "tenant_id" not in first
    of_model = parquet.spans(export_reader, tenant, RANGE._replace(model="m"))
    assert [each["span_id"] for each in read(of_model).to_pylist()] == [span_id(1)]


def test_a_range_is_cut_until_its_pieces_are_small(export_reader, writer, tenant, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_A_PIECE", 10)
    early = [row(1, number, start_ms=number / 1000) for number in range(1, 41)]
    same = [row(2, number, start_ms=60_000) for number in range(1, 26)]
    for _ in range(2):
        writer.insert(table(tenant, early + same))
    pieces = list(export_reader.pieces(tenant, RANGE, 10))
    assert all(one.to_ns <= two.from_ns for one, two in itertools.pairwise(pieces))
    sizes = [export_reader.spans(tenant, piece).num_rows for piece in pieces]
    assert sum(sizes) == 65
    assert max(sizes) == 25, "what starts in the same nanosecond cannot be cut"
    assert sorted(sizes)[-2] <= 5, "each was stored twice"
    file = pq.ParquetFile(io.BytesIO(b"".join(parquet.spans(export_reader, tenant, RANGE))))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == sizes
    starts = file.read().column("start_time").to_pylist()
    assert starts == sorted(starts)


def test_traces_are_those_of_the_list(reader, writer, tenant, monkeypatch):
    monkeypatch.setattr(parquet, "TRACES_A_PIECE", 3)
    rows = [row(number, 1, start_ms=number, service_name="api") for number in range(1, 9)]
    writer.insert(table(tenant, [*rows, row(9, 1, status="error", service_name="other")]))
    found = read(parquet.traces(reader, tenant, SEARCH))
    assert found.schema.equals(parquet.TRACES)
    assert [each["trace_id"] for each in found.to_pylist()] == [
        trace_id(number) for number in (8, 7, 6, 5, 4, 3, 2, 1, 9)
    ]
    failed = read(parquet.traces(reader, tenant, msgspec.structs.replace(SEARCH, status="error")))
    assert [each["trace_id"] for each in failed.to_pylist()] == [trace_id(9)]


def test_nothing_is_a_file_with_columns(export_reader, reader, tenant):
    spans = read(parquet.spans(export_reader, tenant, RANGE))
    assert spans.num_rows == 0
    assert {"trace_id", "start_time", "attributes"} <= set(spans.column_names)
    assert read(parquet.traces(reader, tenant, SEARCH)).schema.equals(parquet.TRACES)


def test_it_is_written_while_it_is_read():
    schema = pa.schema([("number", pa.int64())])
    given = []

    def tables():
        for number in range(5):
            given.append(number)
            yield pa.table({"number": list(range(number * 1000, number * 1000 + 1000))})

    pieces = parquet.write(schema, tables())
    assert given == [0], "the first is read before anything is answered"
    first = next(pieces)
    assert first.startswith(b"PAR1")
    assert given == [0]
    rest = b"".join(pieces)
    assert read([first, rest]).num_rows == 5000
