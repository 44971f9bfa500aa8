"""What is said of many durations: median, 99th percentile and maximum."""

from __future__ import annotations

from collections.abc import Sequence


def spread(ordered: Sequence[int]) -> tuple[int, int, int]:
    """Return median, 99th percentile (by nearest rank) and maximum of rising values, at least one.

    They are values that there were, none in between.
    """
    count = len(ordered)
    return ordered[(count - 1) // 2], ordered[-(count // 100) - 1], ordered[-1]
