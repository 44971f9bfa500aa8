"""The bounded queue between the host's threads and the export worker."""

from __future__ import annotations

import sys
from collections import deque
from operator import length_hint
from typing import Any


class RingBuffer:
    """Bounded queue that never blocks: when it is full the newest item is dropped and counted."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self._capacity = capacity
        # One token for each free place: popping is atomic, so the bound is exact without a lock.
        self.places = deque([None] * capacity)
        self.items: deque[Any] = deque()
        # Taking one from a range iterator is atomic too, and it knows how many are left.
        self._drops = iter(range(sys.maxsize))

    def push(self, item: Any) -> bool:
        """Append the item and return True, or count a drop and return False when full."""
        try:
            self.places.pop()
        except IndexError:
            self.count_drop()
            return False
        self.items.append(item)
        return True

    def count_drop(self) -> None:
        """Count an item that found no place."""
        next(self._drops)

    def drain(self, maximum: int) -> list[Any]:
        """Remove and return at most this many items, oldest first."""
        drained: list[Any] = []
        try:
            while len(drained) < maximum:
                drained.append(self.items.popleft())
                self.places.append(None)
        except IndexError:  # empty
            pass
        return drained

    def clear(self) -> None:
        """Remove every item; the count of drops stays."""
        self.drain(self._capacity)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def capacity(self) -> int:
        """How many items fit."""
        return self._capacity

    @property
    def dropped(self) -> int:
        """How many items were refused because the buffer was full."""
        return sys.maxsize - length_hint(self._drops)
