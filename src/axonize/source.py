"""Clocks and ids."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from random import Random

test_clock: Callable[[], int] | None = None
new_trace_id: Callable[[], int]
new_span_id: Callable[[], int]
_random_bits: Callable[[int], int]


def reseed() -> None:
    """Draw a new seed for the ids, so that a forked child repeats none of its parent's."""
    global _random_bits
    _random_bits = Random(os.urandom(32)).getrandbits  # noqa: S311 - ids are no secret
    _use_ids(None)


def set_test_source(clock: Callable[[], int] | None, next_id: Callable[[], int] | None) -> None:
    """Take times (Unix ns) and ids from these functions; None restores the real ones."""
    global test_clock
    test_clock = clock
    _use_ids(next_id)


def _use_ids(next_id: Callable[[], int] | None) -> None:
    global new_trace_id, new_span_id
    new_trace_id = next_id or partial(_random_bits, 128)
    new_span_id = next_id or partial(_random_bits, 64)


reseed()
