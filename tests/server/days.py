"""Days (UTC), for tests of what is counted by day."""

from __future__ import annotations

import time

DAY_S = 86_400


def stay_today(for_s: float = 300) -> None:
    """Let the day end first where it has less left than a test may take."""
    left = DAY_S - time.time() % DAY_S
    if left < for_s:
        time.sleep(left + 1)
