"""How many requests an engine has and how full its KV cache is, read without vLLM's functions.

Each of these takes several calls in vLLM, in a place where every call costs; so its own fields are
read where they are known to say the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Any

Counts = Callable[[Any], tuple[int, int]]
Usage = Callable[[Any], float]
_length = deque.__len__  # vLLM's queues are deques with a length in Python


def counts_by_method(scheduler: Any) -> tuple[int, int]:
    """Read a Scheduler's running and waiting requests."""
    counts: tuple[int, int] = scheduler.get_request_counts()
    return counts


def find_counts(scheduler: Any) -> Counts:
    """Return the fastest that reads a Scheduler's running and waiting requests.

    If its own method takes lengths of `running` and of deques alone, these are taken here.
    """
    read: tuple[str, ...] = scheduler.get_request_counts.__code__.co_names
    queues = read[2:]
    known = read[:2] == ("len", "running") and len(queues) > 1
    if not known or not all(isinstance(getattr(scheduler, each, None), deque) for each in queues):
        return counts_by_method
    find = attrgetter(*queues)

    def counts(scheduler: Any) -> tuple[int, int]:
        return len(scheduler.running), sum(map(_length, find(scheduler)))

    return counts


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
