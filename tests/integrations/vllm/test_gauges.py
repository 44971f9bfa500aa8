"""Managers of KV caches that are built otherwise; vLLM's own is in test_scheduler."""

from __future__ import annotations

from types import SimpleNamespace

from axonize.integrations.vllm.gauges import (
    PROPERTY,
    count_blocks,
    find_gauge,
)


def test_another_is_asked() -> None:
    manager = SimpleNamespace(usage=0.5, get_block_ids=lambda _: ([1, 2], [3]))
    assert find_gauge(manager) is PROPERTY
    assert PROPERTY.usage(PROPERTY.read(manager)) == 0.5
    assert count_blocks(manager, "a") == 3


def test_one_that_counts_otherwise_is_asked() -> None:
    pool = SimpleNamespace(num_gpu_blocks=11, free_block_queue=SimpleNamespace(num_free_blocks=8))
    assert find_gauge(SimpleNamespace(usage=0.5, block_pool=pool)) is PROPERTY
