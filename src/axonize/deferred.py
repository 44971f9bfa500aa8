"""Records that are made by the thread that sends them, so that the host does not wait for it.

Between two steps of an engine the processor's caches belong to the model, and Python that runs
once there takes three times as long as the same many times in a row.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from axonize.guard import guarded
from axonize.pipeline import is_sent, send_within

CAPACITY = 4096
WAKE_AT = 256
TURN_S = 0.0002  # before the host's threads may run again
PATIENCE_S = 1.0

_waiting: deque[Callable[[], object]] = deque()
_doing = threading.Lock()


@guarded
def do_later(record: Callable[[], object]) -> None:
    """Call this before spans are sent next, in the order of these calls.

    Where nothing is sent it is called now; where too many wait, some of the oldest are.
    """
    _waiting.append(record)
    count = len(_waiting)
    if not is_sent():
        do_all(patience_s=0.0)
    elif count >= CAPACITY:
        _do(time.perf_counter() + TURN_S, patience_s=0.0)
    elif count == WAKE_AT:
        send_within(0.0)
    elif count == 1:
        send_within(math.inf)  # whoever sends is there from now on


def do_some() -> bool:
    """Make records for a moment; say whether there are more."""
    return _do(time.perf_counter() + TURN_S, PATIENCE_S) and bool(_waiting)


def do_all(patience_s: float = PATIENCE_S) -> None:
    """Make the records that wait; another thread that does so is waited for this long."""
    _do(math.inf, patience_s)


def forget() -> None:
    """In a forked child: leave to the parent what is the parent's."""
    global _waiting, _doing
    _waiting, _doing = deque(), threading.Lock()


def _do(until: float, patience_s: float) -> bool:
    # One thread at a time, which keeps the order.
    if not _waiting or not _doing.acquire(timeout=patience_s):
        return False
    try:
        for _ in range(len(_waiting)):
            with guarded:
                _waiting.popleft()()
            if time.perf_counter() >= until:
                break
    finally:
        _doing.release()
    return True
