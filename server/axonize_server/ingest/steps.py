"""Spans named `engine.step`, `engine.idle` and `engine.calls` to columns of `engine_steps`.

All arrays of a kind are read at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from axonize_server.ingest import wire
from axonize_server.ingest.attributes import offsets_from_zero, read_attributes, text_of
from axonize_server.ingest.faults import FINE, INVALID_ARRAYS, INVALID_STEP
from axonize_server.ingest.fields import Flags, Indices, maps, times_and_status
from axonize_server.ingest.promote import KeyIndex, promote
from axonize_server.ingest.promoted import STEP_COLUMNS

NAMES = pa.array([b"engine.step", b"engine.idle", b"engine.calls"])
NUMBER = "axonize.step.number"
_KEYS = [key.name for column in STEP_COLUMNS for key in column.keys]
_INTEGER = np.frombuffer(b"i", np.uint8)
_HEX_DIGITS = np.full(256, 255, np.uint8)
for _digits in (b"0123456789abcdef", b"0123456789ABCDEF"):
    _HEX_DIGITS[np.frombuffer(_digits, np.uint8)] = np.arange(16)


def find_steps(spans: pa.StructArray) -> Flags:
    """Return which spans are steps, rests or sums of calls: they have the name and a number."""
    named = np.asarray(pc.is_in(spans.field("name"), NAMES))
    if not named.any():
        return named
    lists = spans.field("attributes")
    is_number = pc.equal(lists.flatten().field("key"), NUMBER.encode())
    numbered = np.zeros(len(spans), np.bool_)
    numbered[pc.list_parent_indices(lists).filter(is_number).to_numpy()] = True
    return named & numbered


def read_steps(steps: pa.StructArray) -> tuple[dict[str, pa.Array], Indices]:
    """Return columns with a row for each step, and the code of its fault; with one, it is void.

    What has a column leaves the attributes; links and events are not kept.
    """
    lists = steps.field("attributes")
    pairs, owners = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
    codes = pc.index_in(pairs.field("key"), _ARRAY_KEYS).fill_null(-1).to_numpy()
    arrays = _read_arrays(pairs, owners, codes, len(steps))
    rest = pa.array(np.flatnonzero(codes < 0))
    sizes = np.bincount(owners[codes < 0], minlength=len(steps))
    attributes = read_attributes(pa.ListArray.from_arrays(_offsets(sizes), pairs.take(rest)))
    index = KeyIndex(attributes)
    scalars = promote(index, STEP_COLUMNS)
    identified = np.asarray(pc.not_equal(scalars["engine_id"].cast(pa.string()), ""))
    identified &= _numbered(index)
    faults = np.where(arrays.fine, FINE, INVALID_ARRAYS)
    faults[~identified] = INVALID_STEP
    columns = {
        **times_and_status(steps),
        **scalars,
        **arrays.columns,
        **maps("attribute", attributes.without(_KEYS)),
    }
    return columns, faults


def _numbered(index: KeyIndex) -> Flags:
    positions = index.positions(NUMBER, _INTEGER)
    numbered = np.zeros(index.owners, np.bool_)
    numbered[index.owner(positions)] = index.numbers(positions) >= 0
    return numbered


class _Arrays(NamedTuple):
    """The array columns of steps, and which steps have none that is malformed."""

    columns: dict[str, pa.ListArray]
    fine: Flags


def _read_arrays(pairs: pa.StructArray, owners: Indices, codes: Indices, steps: int) -> _Arrays:
    """Return the first array that each step has under each key; an absent one is empty."""
    found = np.flatnonzero(codes >= 0)
    _, first = np.unique(codes[found] * steps + owners[found], return_index=True)
    found = found[first]  # by key, then by step
    messages = pairs.field("value").field("array_value").take(pa.array(found))
    lists = wire.COLUMNAR_ARRAY.array_to_record_batch(messages.fill_null(b"")).column("values")
    bounds = np.searchsorted(codes[found], np.arange(len(_ARRAYS) + 1))
    fine = np.ones(steps, np.bool_)
    fine[owners[found[np.asarray(messages.is_null())]]] = False
    columns, sizes = {}, {}
    for array, low, high in zip(_ARRAYS, bounds, bounds[1:], strict=False):
        part, owner = lists.slice(low, high - low), owners[found[low:high]]
        values, valid = array.read(part.flatten())
        sizes[array.column] = np.zeros(steps, np.int32)
        sizes[array.column][owner] = np.diff(offsets_from_zero(part))
        columns[array.column] = pa.ListArray.from_arrays(_offsets(sizes[array.column]), values)
        fine[owner[pc.list_parent_indices(part).to_numpy()[~valid]]] = False
    return _Arrays(columns, fine & _equally_long(sizes))


def _equally_long(sizes: dict[str, npt.NDArray[np.int32]]) -> Flags:
    requests = sizes["request_ids"]
    equal = np.ones(len(requests), np.bool_)
    for array in _ARRAYS:
        if array.parallel:
            size = sizes[array.column]
            equal &= (size == requests) | (array.optional & (size == 0))
    return equal


def _offsets(sizes: npt.NDArray[Any]) -> pa.Int32Array:
    return pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())


def _texts(elements: pa.StructArray) -> tuple[pa.Array, Flags]:
    texts = elements.field("string_value")
    return text_of(texts.fill_null(b"")), np.asarray(texts.is_valid())


def _counts(elements: pa.StructArray) -> tuple[pa.Array, Flags]:
    numbers = elements.field("int_value").fill_null(-1).to_numpy()
    return pa.array(numbers.astype(np.uint32)), (numbers >= 0) & (numbers < 2**32)


def _numbers(elements: pa.StructArray) -> tuple[pa.Array, Flags]:
    numbers = elements.field("double_value").fill_null(-1.0).to_numpy()
    return pa.array(numbers), (numbers >= 0) & np.isfinite(numbers)


def _ids(width: int) -> Callable[[pa.StructArray], tuple[pa.Array, Flags]]:
    digits = 2 * width
    nothing = b"0" * digits

    def read(elements: pa.StructArray) -> tuple[pa.Array, Flags]:
        texts = elements.field("string_value").fill_null(b"?")
        texts = pc.if_else(pc.equal(texts, b""), nothing, texts)
        fits = pc.equal(pc.binary_length(texts), digits)
        texts = pc.if_else(fits, texts, nothing).cast(pa.binary(digits))
        halves = _HEX_DIGITS[np.frombuffer(texts.buffers()[1], np.uint8)].reshape(-1, digits)
        valid = np.asarray(fits) & (halves < 16).all(axis=1)
        packed = np.ascontiguousarray(halves[:, ::2] << 4 | halves[:, 1::2] & 15)
        column = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(texts), [None, pa.py_buffer(packed)]
        )
        return column, valid

    return read


class _Array(NamedTuple):
    """An array attribute, its column, and what it holds.

    A parallel one has an entry for each request; an optional one may also be absent.
    """

    column: str
    read: Callable[[pa.StructArray], tuple[pa.Array, Flags]]
    parallel: bool = True
    optional: bool = False


_ARRAYS = (
    _Array("request_ids", _texts),
    _Array("trace_ids", _ids(16)),
    _Array("span_ids", _ids(8)),
    _Array("scheduled_tokens", _counts),
    _Array("prefill_tokens", _counts),
    _Array("draft_tokens", _counts, optional=True),
    _Array("accepted_tokens", _counts, optional=True),
    _Array("preempted_ids", _texts, parallel=False),
    _Array("gpu_uuids", _texts, parallel=False),
    _Array("gpu_shares", _numbers, parallel=False),
)
_ARRAY_KEYS = pa.array([f"axonize.step.{array.column}".encode() for array in _ARRAYS])
