"""Clocks and ids."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from random import Random

test_clock: Callable[[], int] | None = None
new_id: Callable[[int], int]
"""Called with the number of bits: 128 for a trace, 64 for a span."""


def reseed() -> None:
    """Draw a new seed for the ids, so that a forked child repeats none of its parent's."""
    global new_id
    new_id = Random(os.urandom(32)).getrandbits  # noqa: S311 - ids are no secret


def set_test_source(clock: Callable[[], int] | None, next_id: Callable[[], int] | None) -> None:
    """Take times (Unix ns) and ids from these functions; None restores the real ones."""
    global test_clock, new_id
    test_clock = clock
    if next_id is None:
        reseed()
    else:
        new_id = partial(_without_bits, next_id)


def _without_bits(next_id: Callable[[], int], _bits: int) -> int:
    return next_id()


reseed()
