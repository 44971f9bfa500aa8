"""Which engine it is."""

from __future__ import annotations

from typing import Any, NamedTuple


class Engine(NamedTuple):
    """What is the same for all spans of one engine."""

    attributes: dict[str, Any]
    model: str
    id: str
    gpu_count: int
    gpus: tuple[str, ...] = ()  # labels in its own process
