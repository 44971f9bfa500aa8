"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def example() -> list[int]:
    """Return what the library answers, the same each time."""
    answers: list[int] = []
    thread = threading.Thread(target=answers.append, args=(1,))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        return [*answers, pool.submit(int, "2").result()]
