"""A cache in front of the account database, which may be away for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from axonize_server.model import StoreUnavailable

Found = TypeVar("Found")

KNOWN_FOR_S = 300.0
UNKNOWN_FOR_S = 5.0
# While the database does not answer, what it once confirmed holds a while longer.
TRUSTED_FOR_S = 900.0
MAX_KNOWN, MAX_UNKNOWN = 100_000, 10_000
# Someone who tries keys must not take every connection of the database.
MAX_ASKING = 8


class _Entry(NamedTuple, Generic[Found]):
    found: Found
    since: float


class Lookup(Generic[Found]):
    """Finds things by their SHA-256 and remembers what it found, for one event loop.

    `find` is called in a thread and may raise StoreUnavailable.
    """

    def __init__(
        self,
        find: Callable[[bytes], Found | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._clock = clock
        self._known: OrderedDict[bytes, _Entry[Found]] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Found | None]] = {}
        self._places = asyncio.Semaphore(MAX_ASKING)
        self._generation = 0

    async def get(self, sha256: bytes) -> Found | None:
        """Return what is found, None when it is not there; raises StoreUnavailable."""
        now = self._clock()
        known = self._known.get(sha256)
        if known is not None and now - known.since < KNOWN_FOR_S:
            return known.found
        if now - self._unknown.get(sha256, -UNKNOWN_FOR_S) < UNKNOWN_FOR_S:
            return None
        try:
            return await self._ask_once(sha256)
        except StoreUnavailable:
            if known is not None and now - known.since < TRUSTED_FOR_S:
                return known.found
            raise

    async def _ask_once(self, sha256: bytes) -> Found | None:
        """Ask, or wait for the one who asks already."""
        task = self._asking.get(sha256)
        if task is None:
            task = self._asking[sha256] = asyncio.ensure_future(self._ask(sha256))
            task.add_done_callback(lambda done: self._answered(sha256, done))
        return await asyncio.shield(task)

    def _answered(self, sha256: bytes, task: asyncio.Task[Found | None]) -> None:
        if self._asking.get(sha256) is task:
            del self._asking[sha256]
        if not task.cancelled():
            task.exception()  # those who waited may all have left

    async def _ask(self, sha256: bytes) -> Found | None:
        async with self._places:
            generation, now = self._generation, self._clock()
            found = await asyncio.to_thread(self._find, sha256)
        # An answer from before the last change is given, but not remembered.
        if generation == self._generation:
            self._remember(sha256, found, now)
        return found

    def _remember(self, sha256: bytes, found: Found | None, now: float) -> None:
        if found is None:
            self._known.pop(sha256, None)
            self._unknown[sha256] = now
            _shorten(self._unknown, MAX_UNKNOWN)
        else:
            self._unknown.pop(sha256, None)
            self._known[sha256] = _Entry(found, now)
            self._known.move_to_end(sha256)
            _shorten(self._known, MAX_KNOWN)

    def forget(self) -> None:
        """Ask again for everything: something was changed."""
        self._generation += 1
        self._known.clear()
        self._unknown.clear()
        self._asking.clear()


def _shorten(entries: OrderedDict[bytes, Any], most: int) -> None:
    while len(entries) > most:
        entries.popitem(last=False)
