"""Requests to one Native block, by the C extension where it was built."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from axonize_server.ingest import bounds
from axonize_server.ingest.promoted import (
    GPU_FIELDS,
    RESOURCE_COLUMNS,
    SPAN_COLUMNS,
    TEXT,
    Column,
)

_TYPES = {
    str(TEXT): "LowCardinality(String)",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "float": "Float32",
    "double": "Float64",
    "bool": "Bool",
}
_decode: Any = None
# Read here and not from the settings: it says how the program runs, as for the SDK's own core.
if not os.environ.get("AXONIZE_PURE"):  # noqa: TID251
    with suppress(ImportError):
        from axonize_server import _decode
USING_C = _decode is not None


def _table(columns: Iterable[Column]) -> tuple[Any, ...]:
    return tuple(
        (column.name, _TYPES[str(column.type)], tuple(map(tuple, column.keys)))
        for column in columns
    )


def _highest_bits(power: int) -> int:
    """Return the 128 highest bits of 10**power, rounded up."""
    ten: int = 10 ** abs(power)
    if power < 0:
        return -(-(1 << 127 + ten.bit_length()) // ten)
    return -(-(ten << 128) >> ten.bit_length())


def _powers_of_ten() -> bytes:
    return b"".join(_highest_bits(power).to_bytes(16, "little") for power in range(-292, 325))


if USING_C:
    _decode.set_powers_of_ten(_powers_of_ten())
_KEPT_BYTES = 64 << 20
_spare: deque[Any] = deque(maxlen=2)
_ARGUMENTS = (
    _table(SPAN_COLUMNS),
    _table(RESOURCE_COLUMNS),
    GPU_FIELDS,
    bounds.SIZES,
)


def new_block() -> Any:
    """Return an empty block of the extension; only where USING_C.

    `add(tenant, body)` returns how many spans were accepted and rejected, about how large they
    become and whether text was replaced, or None for a request that is left to the other decoder:
    then nothing was added.
    `data()` returns the block as bytes. One thread at a time; the GIL is free meanwhile.
    """
    with suppress(IndexError):
        return _spare.pop()
    return _decode.Block(*_ARGUMENTS)


def give_back(block: Any) -> None:
    """Keep the memory of a block for the next one: new pages cost a quarter of decoding."""
    if block.clear() <= _KEPT_BYTES:
        _spare.append(block)
