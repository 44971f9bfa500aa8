"""Work that is done every so often, beside everything else."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack

from axonize_server.model import DomainError

logger = logging.getLogger("axonize.server")

DIGITS = re.compile(r"\d+")


class Chore:
    """One thread that works at once and then every_s seconds after it has ended, until close().

    What the work raises on purpose is said once until it succeeds again, or fails for another
    reason; the next turn tries again.
    """

    def __init__(self, work: Callable[[], None], every_s: float, complaint: str) -> None:
        self._work = work
        self._every_s = every_s
        self._complaint = complaint
        self._said = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chore", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Return when the thread has ended."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._turn()
            self._closing.wait(self._every_s)

    def _turn(self) -> None:
        try:
            self._work()
            self._said = ""
        except DomainError as error:
            said = DIGITS.sub("", str(error))  # sizes and times differ each time
            if said != self._said:
                said_once = {"said_once": True}
                logger.warning("%s: %s", self._complaint, error, extra=said_once)
            self._said = said
        except Exception:  # what nobody thought of is no reason to stop for good
            logger.exception("%s", self._complaint)


def start(chore: Chore, stack: AsyncExitStack) -> None:
    """Begin, and end with the stack."""
    chore.start()
    stack.push_async_callback(asyncio.to_thread, chore.close)
