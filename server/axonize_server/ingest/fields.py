"""Fields of OTLP messages as columns, for many messages at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from axonize_server.ingest.attributes import Attributes, offsets_from_zero, text_of

_LAST_TIME = np.uint64(2**63 - 1)  # what DateTime64(9) holds: 2262-04-11
_TIME = pa.timestamp("ns", "UTC")
_STATUSES = 3

Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


def children(lists: pa.ListArray) -> tuple[pa.StructArray, Indices]:
    """Return the messages in all lists, and for each the list that it is in."""
    return lists.flatten(), pc.list_parent_indices(lists).to_numpy()


def each_take(columns: dict[str, pa.Array], rows: Indices) -> dict[str, pa.Array]:
    """Return these rows of every column."""
    taken = pa.array(rows)
    return {name: column.take(taken) for name, column in columns.items()}


def maps(name: str, attributes: Attributes) -> dict[str, pa.Array]:
    """Return the two columns that hold attributes: their map and their type letters."""
    return {f"{name}s": attributes.as_map(), f"{name}_types": attributes.types()}


def times_and_status(spans: pa.StructArray) -> dict[str, pa.Array]:
    """Return when each span started and ended, never before its start, and how."""
    start = bounded(spans.field("start_time_unix_nano"))
    status = spans.field("status")
    return {
        "start_time": times(start),
        "end_time": times(np.maximum(start, bounded(spans.field("end_time_unix_nano")))),
        "status": enum(status.field("code"), _STATUSES),
        "status_message": text_of(status.field("message")),
    }


def as_lists(columns: dict[str, pa.Array], lists: pa.ListArray) -> dict[str, pa.Array]:
    """Return each column of what the lists hold as lists of their sizes."""
    offsets = offsets_from_zero(lists)
    return {name: pa.ListArray.from_arrays(offsets, column) for name, column in columns.items()}


def bounded(unix_ns: pa.UInt64Array) -> npt.NDArray[np.uint64]:
    """Return Unix ns, none later than a column holds."""
    return np.asarray(np.minimum(unix_ns.to_numpy(), _LAST_TIME))


def times(nanoseconds: npt.NDArray[np.uint64]) -> pa.TimestampArray:
    """Return Unix ns as timestamps."""
    return pa.array(nanoseconds.view(np.int64)).view(_TIME)


def enum(numbers: pa.Int32Array, size: int) -> pa.Int8Array:
    """Return the numbers below size, 0 for any other."""
    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, size))
    return pc.if_else(known, numbers, 0).cast(pa.int8())


def fixed(ids: pa.BinaryArray, width: int) -> pa.FixedSizeBinaryArray:
    """Return ids with the one width that the column has; one of another width becomes zeros."""
    fits = pc.equal(pc.binary_length(ids), width)
    return pc.if_else(fits, ids, pa.scalar(bytes(width), pa.binary())).cast(pa.binary(width))
