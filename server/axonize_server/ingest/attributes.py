"""OTLP key-value lists as Arrow: keys, values as text, and one type letter a value."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from axonize_server.ingest import wire

_TYPE_LETTERS = {
    "string_value": "s",
    "int_value": "i",
    "double_value": "d",
    "bool_value": "b",
    "bytes_value": "x",
    "array_value": "a",
    "kvlist_value": "m",
}
_NO_VALUE = ord("n")


class Attributes(NamedTuple):
    """The attributes of many owners: those of owner i stand at offsets[i] to offsets[i + 1]."""

    offsets: pa.Int32Array
    keys: pa.DictionaryArray
    text: pa.StringArray
    letters: npt.NDArray[np.uint8]

    def as_map(self) -> pa.MapArray:
        """Return one map of key to text for each owner."""
        return pa.MapArray.from_arrays(self.offsets, self.keys, self.text)

    def without(self, names: Sequence[str]) -> Attributes:
        """Return the attributes under other keys than these."""
        codes = pc.index_in(pa.array(names), self.keys.dictionary).drop_null().to_numpy()
        kept = ~np.isin(self.keys.indices.to_numpy(), codes)
        before = np.concatenate([[0], np.cumsum(kept, dtype=np.int32)])
        mask = pa.array(kept)
        return Attributes(
            offsets=pa.array(before[self.offsets.to_numpy()], pa.int32()),
            keys=self.keys.filter(mask),
            text=self.text.filter(mask),
            letters=self.letters[kept],
        )

    def types(self) -> pa.StringArray:
        """Return one string of type letters for each owner, in the order of its map."""
        owners = len(self.offsets) - 1
        return pa.StringArray.from_buffers(
            owners, self.offsets.buffers()[1], pa.py_buffer(self.letters)
        )


def read_attributes(lists: pa.ListArray) -> Attributes:
    """Read lists of KeyValue messages."""
    pairs = lists.flatten()
    values = dict(zip(pairs.field("value").type.names, pairs.field("value").flatten(), strict=True))
    return Attributes(
        offsets=offsets_from_zero(lists),
        keys=text_of(pairs.field("key")).dictionary_encode(),
        text=_text(values),
        letters=_letters(values, len(pairs)),
    )


def offsets_from_zero(lists: pa.ListArray) -> pa.Int32Array:
    """Return where each list begins in lists.flatten(), and where the last one ends."""
    offsets = lists.offsets.to_numpy()
    return pa.array(offsets - offsets[0])


def text_of(raw: pa.BinaryArray) -> pa.StringArray:
    """Return raw as text; bytes that are not UTF-8 become U+FFFD."""
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return _by_value(raw, lambda value: value.decode("utf-8", "replace"))


def _letters(values: dict[str, pa.Array], count: int) -> npt.NDArray[np.uint8]:
    letters = np.full(count, _NO_VALUE, np.uint8)
    for member, letter in _TYPE_LETTERS.items():
        if values[member].null_count < count:
            letters[values[member].is_valid().to_numpy(zero_copy_only=False)] = ord(letter)
    return letters


def _text(values: dict[str, pa.Array]) -> pa.StringArray:
    parts = [
        to_text(values[member])
        for member, to_text in _TO_TEXT.items()
        if values[member].null_count < len(values[member])
    ]
    return pc.coalesce(*parts, pa.scalar("")) if parts else pa.repeat("", len(values["int_value"]))


def _by_value(raw: pa.BinaryArray, render: Callable[[bytes], str]) -> pa.StringArray:
    """Render each different value once."""
    unique = raw.dictionary_encode()
    rendered = [render(value.as_py()) for value in unique.dictionary]
    return pa.array(rendered, pa.string()).take(unique.indices)


def _array_json(message: bytes) -> str:
    return _json([_plain(value) for value in wire.LenientArray.FromString(message).values])


def _kvlist_json(message: bytes) -> str:
    return _json(_plain_kvlist(wire.LenientKeyValues.FromString(message)))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain_kvlist(message: Any) -> dict[str, object]:
    return {pair.key.decode("utf-8", "replace"): _plain(pair.value) for pair in message.values}


def _plain(value: Any) -> object:
    member = value.WhichOneof("value")
    content: Any = getattr(value, member) if member else None
    match member:
        case "string_value":
            return content.decode("utf-8", "replace")
        case "bytes_value":
            return {"bytes": base64.b64encode(content).decode()}
        case "double_value" if not math.isfinite(content):
            # The names that the JSON mapping of Protocol Buffers gives to what JSON cannot write.
            return "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"
        case "array_value":
            return [_plain(element) for element in content.values]
        case "kvlist_value":
            return _plain_kvlist(content)
        case _:
            return content


_TO_TEXT: dict[str, Callable[[pa.Array], pa.StringArray]] = {
    "string_value": text_of,
    "int_value": lambda array: array.cast(pa.string()),
    "double_value": lambda array: array.cast(pa.string()),
    "bool_value": lambda array: array.cast(pa.string()),
    "bytes_value": lambda array: _by_value(array, bytes.hex),
    "array_value": lambda array: _by_value(array, _array_json),
    "kvlist_value": lambda array: _by_value(array, _kvlist_json),
}
