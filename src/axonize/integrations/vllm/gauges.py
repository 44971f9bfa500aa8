"""How full an engine's KV cache is and what a request has of it, read in few calls.

vLLM takes several for each, in a place where every call costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Usage = Callable[[Any], float]


def usage_by_fields(manager: Any) -> float:
    """Read the usage of a KVCacheManager as it does, without the three calls that this takes it."""
    pool = manager.block_pool
    usage: float = 1.0 - pool.free_block_queue.num_free_blocks / (pool.num_gpu_blocks - 1)
    return usage


def usage_by_property(manager: Any) -> float:
    """Read the usage of a KVCacheManager."""
    usage: float = manager.usage
    return usage


def find_usage(manager: Any) -> Usage:
    """Return the faster of these two that says what a KVCacheManager in use says."""
    try:
        same = usage_by_fields(manager) == manager.usage
    except (AttributeError, TypeError, ZeroDivisionError):
        same = False
    return usage_by_fields if same else usage_by_property


def count_blocks(manager: Any, request_id: str) -> int:
    """Count the blocks of a request, without a list of their ids where they are had otherwise."""
    try:
        blocks = manager.get_blocks(request_id).blocks
    except AttributeError:
        blocks = manager.get_block_ids(request_id)
    return sum(map(len, blocks))
