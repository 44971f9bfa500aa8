"""Parquet, written while it is read: a row group is in memory, never the file."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from axonize_server.model import TraceRecord, TraceSearch
from axonize_server.query import traces as query
from axonize_server.store.clickhouse.export.reader import ExportReader, SpanRange
from axonize_server.store.clickhouse.reader import SpanReader

ROWS_A_PIECE = 20_000
TRACES_A_PIECE = 500

TIME = pa.timestamp("ns", tz="UTC")
TRACES = pa.schema(
    [
        ("trace_id", pa.string()),
        ("start_time", TIME),
        ("duration_ns", pa.int64()),
        ("name", pa.string()),
        ("service_name", pa.string()),
        ("services", pa.list_(pa.string())),
        ("models", pa.list_(pa.string())),
        ("status", pa.string()),
        ("span_count", pa.int64()),
        ("error_count", pa.int64()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("ttft_ms", pa.float64()),
        ("setup", pa.bool_()),
    ]
)


def spans(reader: ExportReader, tenant: str, wanted: SpanRange) -> Iterator[bytes]:
    """Write the spans of a range, each once, by start; the first are read before this returns."""
    nothing = reader.spans(tenant, wanted._replace(to_ns=wanted.from_ns))
    pieces = reader.pieces(tenant, wanted, ROWS_A_PIECE)
    return write(nothing.schema, (reader.spans(tenant, piece) for piece in pieces))


def traces(reader: SpanReader, tenant: str, wanted: TraceSearch) -> Iterator[bytes]:
    """Write all traces of a list, in its order."""
    return write(TRACES, _pages(reader, tenant, wanted))


def _pages(reader: SpanReader, tenant: str, wanted: TraceSearch) -> Iterator[pa.Table]:
    wanted = msgspec.structs.replace(wanted, limit=TRACES_A_PIECE)
    cursor: str | None = None
    while True:
        found, cursor = query.search(reader, tenant, wanted, cursor)
        yield pa.Table.from_pylist([_row(each) for each in found], TRACES)
        if cursor is None:
            return


def _row(trace: TraceRecord) -> dict[str, object]:
    known = msgspec.structs.asdict(trace)
    return {**known, "start_time": trace.start_ns, "status": trace.status}


def write(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    """Write tables of one schema as one file; the first is read before this returns."""
    written = _written(schema, iter(tables))
    first = next(written)

    def pieces() -> Iterator[bytes]:
        yield first
        yield from written

    return pieces()


def _written(schema: pa.Schema, tables: Iterator[pa.Table]) -> Iterator[bytes]:
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        table = next(tables, None)
        while table is not None:
            if table.num_rows:
                writer.write_table(table)
            yield sink.take()
            table = next(tables, None)
    yield sink.take()


class _Sink(io.RawIOBase):
    """A file that is taken away while it is written."""

    def __init__(self) -> None:
        self._position = 0
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, data: object) -> int:
        """Keep what is written until it is taken."""
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return how much was written since the beginning."""
        return self._position

    def take(self) -> bytes:
        """Return what was written since the last time."""
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece
