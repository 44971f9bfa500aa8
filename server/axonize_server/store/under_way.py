"""Waiting for the work that is under way, however much follows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class UnderWay:
    """Knows of one thread whether it is at work; a lock would let that thread in again first."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._ended.set()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Be at work until the block ends."""
        ended = self._ended = threading.Event()
        try:
            yield
        finally:
            ended.set()

    def settle(self) -> None:
        """Return when the work has ended that was under way at the call."""
        self._ended.wait()
