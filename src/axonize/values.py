"""What an attribute value may be, and how anything else becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Value: TypeAlias = "str | bool | int | float | bytes | tuple[Value | None, ...] | dict[str, Value]"

PLAIN = frozenset({str, bool, int, float, bytes})
# Protobuf decoders refuse a whole request whose messages are nested more than 100 deep; a mapping
# in a mapping takes three.
DEEPEST = 16


def plain_value(value: Any, depth: int = DEEPEST) -> Any:
    """Return the value itself when it is immutable and plain, else a private plain copy.

    What is nested deeper than `depth` becomes text.
    """
    if value is None or type(value) in PLAIN:
        return value
    if not depth or not isinstance(value, (list, tuple, Mapping)):
        return _plain_scalar(value)
    if isinstance(value, Mapping):
        return {plain_text(key): plain_value(item, depth - 1) for key, item in value.items()}
    return tuple(plain_value(element, depth - 1) for element in value)


def plain_text(value: Any) -> str:
    """Return an exact str: the characters of a str subclass, str() of anything else."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def plain_attributes(attributes: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Return a private copy with plain keys and values, without the entries that are None."""
    return {
        plain_text(key): plain_value(value)
        for key, value in (attributes or {}).items()
        if value is not None
    }


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if hasattr(value, "item") and hasattr(value, "dtype"):  # NumPy and PyTorch scalars
        return _plain_array(value)
    return str(value)


def _plain_array(value: Any) -> Any:
    try:
        element = value.item()
    except (ValueError, RuntimeError):  # more than one element
        return str(value)
    return element if type(element) in PLAIN else str(value)
