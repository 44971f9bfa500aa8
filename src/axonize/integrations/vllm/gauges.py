"""How full an engine's KV cache is and what a request has of it, read in few calls.

vLLM takes several for each, in a place where every call costs.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple


class Gauge(NamedTuple):
    """Reads a KVCacheManager at once, and says later how full it was, from 0 to 1."""

    read: Callable[[Any], Any]
    usage: Callable[[Any], float]


def _share(blocks: tuple[int, int]) -> float:
    free, there = blocks
    return 1.0 - free / (there - 1)  # one is vLLM's own


FIELDS = Gauge(
    attrgetter("block_pool.free_block_queue.num_free_blocks", "block_pool.num_gpu_blocks"), _share
)
"""Computes the usage as vLLM does, without the three calls that this takes it."""
PROPERTY = Gauge(attrgetter("usage"), float)


def find_gauge(manager: Any) -> Gauge:
    """Return the faster of these two that says what a KVCacheManager in use says."""
    try:
        same = FIELDS.usage(FIELDS.read(manager)) == manager.usage
    except (AttributeError, TypeError, ZeroDivisionError):
        same = False
    return FIELDS if same else PROPERTY


def count_blocks(manager: Any, request_id: str) -> int:
    """Count the blocks of a request, without a list of their ids where they are had otherwise."""
    try:
        blocks = manager.get_blocks(request_id).blocks
    except AttributeError:
        blocks = manager.get_block_ids(request_id)
    return sum(map(len, blocks))
