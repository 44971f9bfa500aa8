"""Says now and then that an engine has nothing to do: its GPUs are paid for all the same."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Protocol

from axonize.guard import guarded

EVERY_S = 10.0
# A step that began before this is known to the engine's recorder by now.
SETTLED_NS = 2_000_000_000


class Resting(Protocol):
    """What can record that it did nothing."""

    def rest(self, until: int) -> None:
        """Record that no step ran up to a moment, monotonic ns, if that is so."""


def watch(engine: Resting) -> threading.Event:
    """Have an engine record its rests, in a thread that ends with it or when the event is set."""
    over = threading.Event()
    arguments = (weakref.ref(engine), over)
    threading.Thread(target=_watch, args=arguments, name="axonize-idle", daemon=True).start()
    return over


def _watch(engine: weakref.ref[Resting], over: threading.Event) -> None:
    while not over.wait(EVERY_S):
        found = engine()
        if found is None:
            return
        with guarded:
            found.rest(time.monotonic_ns() - SETTLED_NS)
        del found
