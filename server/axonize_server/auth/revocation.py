"""Notices changes that any server made to keys, tenants and sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from axonize_server.model import StoreUnavailable

logger = logging.getLogger("axonize.server")

# Asking works through every pooler, which listening does not, and twice fits into the 5 s promised.
EVERY_S = 2.0


@asynccontextmanager
async def watch(
    version: Callable[[], int],
    forgets: Sequence[Callable[[], None]],
    every_s: float = EVERY_S,
) -> AsyncIterator[None]:
    """Call all of `forgets` whenever `version` has changed, until the block ends."""
    watching = asyncio.ensure_future(_watch(version, forgets, every_s))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(
    version: Callable[[], int],
    forgets: Sequence[Callable[[], None]],
    every_s: float,
) -> None:
    seen, away = 0, False
    while True:
        try:
            now = await asyncio.to_thread(version)
            if now != seen:
                for forget in forgets:
                    forget()
            seen = now
            away = False
        except StoreUnavailable as error:
            if not away:
                logger.warning("changes of keys are not noticed for now: %s", error)
            away = True
        await asyncio.sleep(every_s)
