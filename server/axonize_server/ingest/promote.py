"""Copies promoted attributes from key-value lists to columns, all owners at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from axonize_server.ingest.attributes import Attributes, text_of
from axonize_server.ingest.promoted import FLAG, GPU_FIELDS, MAX_GPUS, TEXT, Column

Positions = npt.NDArray[np.intp]
# What Arrow reads as a number, but for what no column holds (infinity) and what is none (NaN).
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_GPU_KEY = re.compile(r"gpu\.(0|[1-9]\d?)\.(\w+)", re.ASCII)
_SCALARS = np.frombuffer(b"sidb", np.uint8)
_NUMBERS = np.frombuffer(b"sid", np.uint8)
_FLAGS = np.frombuffer(b"b", np.uint8)


class KeyIndex:
    """Where each key occurs among the attributes of many owners."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self.owners = len(attributes.offsets) - 1
        self.names: list[str] = attributes.keys.dictionary.to_pylist()
        codes = attributes.keys.indices.to_numpy()
        self._order = np.argsort(codes, kind="stable")
        self._bounds = np.searchsorted(codes[self._order], np.arange(len(self.names) + 1))
        self._code = {name: code for code, name in enumerate(self.names)}
        counts = np.diff(attributes.offsets.to_numpy())
        self._owner = np.repeat(np.arange(self.owners), counts)

    def positions(self, name: str, letters: npt.NDArray[np.uint8] = _SCALARS) -> Positions:
        """Return where the key has a value of these types, last first.

        So, when one owner repeats a key and both are written to one slot, its first one stays.
        """
        code = self._code.get(name)
        if code is None:
            return np.empty(0, np.intp)
        found = self._order[self._bounds[code] : self._bounds[code + 1]][::-1]
        return found[np.isin(self._attributes.letters[found], letters)]

    def owner(self, positions: Positions) -> Positions:
        """Return the owners of the attributes at positions."""
        return self._owner[positions]

    def text(self, positions: Positions) -> pa.StringArray:
        """Return the texts at positions."""
        return self._attributes.text.take(pa.array(positions))

    def numbers(self, positions: Positions) -> npt.NDArray[np.float64]:
        """Return the numbers at positions, NaN for text that writes none."""
        text = self.text(positions)
        try:
            return np.asarray(text.cast(pa.float64()), np.float64)
        except pa.ArrowInvalid:
            return np.array([_number(value) for value in text.to_pylist()])


def promote(index: KeyIndex, columns: Iterable[Column]) -> dict[str, pa.Array]:
    """Return each column with one value an owner: "", 0 or False where no key has one that fits."""
    return {column.name: _values(index, column) for column in columns}


def _values(index: KeyIndex, column: Column) -> pa.Array:
    return {TEXT: _texts, FLAG: _flags}.get(column.type, _numbers)(index, column)


def _texts(index: KeyIndex, column: Column) -> pa.DictionaryArray:
    positions = np.concatenate([index.positions(key.name) for key in reversed(column.keys)])
    return _scatter_text(index, positions, index.owner(positions), index.owners)


def _scatter_text(
    index: KeyIndex, positions: Positions, slots: Positions, size: int
) -> pa.DictionaryArray:
    # The empty text goes first: code 0 is what a slot without a value has.
    found = pa.concat_arrays([pa.array([""], TEXT), index.text(positions)]).dictionary_encode()
    codes = np.zeros(size, np.int32)
    codes[slots] = found.indices.to_numpy()[1:]
    return pa.DictionaryArray.from_arrays(codes, found.dictionary)


def _numbers(index: KeyIndex, column: Column) -> pa.Array:
    columns = np.zeros(index.owners, column.type.to_pandas_dtype())
    for key in reversed(column.keys):
        positions = index.positions(key.name, _NUMBERS)
        numbers = index.numbers(positions) * key.scale
        fits = _fits(numbers, column.type)
        columns[index.owner(positions[fits])] = numbers[fits]
    return pa.array(columns)


def _flags(index: KeyIndex, column: Column) -> pa.Array:
    flags = np.zeros(index.owners, np.bool_)
    for key in reversed(column.keys):
        positions = index.positions(key.name, _FLAGS)
        flags[index.owner(positions)] = np.asarray(pc.equal(index.text(positions), "true"))
    return pa.array(flags)


def _fits(numbers: npt.NDArray[np.float64], target: pa.DataType) -> npt.NDArray[np.bool_]:
    if pa.types.is_floating(target):
        return np.asarray(np.abs(numbers) <= np.finfo(target.to_pandas_dtype()).max)
    whole = np.floor(numbers) == numbers
    return np.asarray(whole & (numbers >= 0) & (numbers < 2.0**target.bit_width))


def _number(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else np.nan


def count_gpus(attributes: pa.ListArray) -> int:
    """Return how many elements the lists of a GPU field have together, from spans' KeyValues."""
    keys = text_of(attributes.flatten().field("key")).dictionary_encode()
    names = keys.dictionary.to_pylist()
    sizes = {name: gpu + 1 for gpu, _, name in _gpu_keys(names)}
    counts = np.zeros(len(attributes), np.intp)
    wanted = np.array([sizes.get(name, 0) for name in names], np.intp)
    np.maximum.at(
        counts, pc.list_parent_indices(attributes).to_numpy(), wanted[keys.indices.to_numpy()]
    )
    return int(counts.sum())


def promote_gpus(index: KeyIndex) -> dict[str, pa.ListArray]:
    """Return a list column for each GPU field: element N comes from the key gpu.N.FIELD."""
    groups = [(gpu, field, index.positions(name)) for gpu, field, name in _gpu_keys(index.names)]
    counts = np.zeros(index.owners, np.int32)
    for gpu, _, positions in groups:
        owners = index.owner(positions)
        counts[owners] = np.maximum(counts[owners], gpu + 1)
    offsets = np.zeros(index.owners + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    columns = {}
    for wanted in GPU_FIELDS:
        parts = [(gpu, positions) for gpu, field, positions in groups if field == wanted]
        positions = np.concatenate([np.empty(0, np.intp), *(part for _, part in parts)])
        slots = [offsets[index.owner(part)] + gpu for gpu, part in parts]
        values = _scatter_text(
            index, positions, np.concatenate([np.empty(0, np.intp), *slots]), int(offsets[-1])
        )
        columns[f"gpu.{wanted}"] = pa.ListArray.from_arrays(offsets, values)
    return columns


def _gpu_keys(names: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    for name in names:
        match = _GPU_KEY.fullmatch(name)
        if match and match[2] in GPU_FIELDS and int(match[1]) < MAX_GPUS:
            yield int(match[1]), match[2], name
