"""The shape of what a model is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def shape_of(values: Iterable[Any]) -> tuple[int, ...] | None:
    """Return the shape of the first value that has one."""
    for value in values:
        shape = getattr(value, "shape", None)
        if shape is not None:
            return tuple(shape)
    return None
