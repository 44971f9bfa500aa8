"""A lock that one process of this machine holds; it is free again when that process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from axonize.private import make_private


class HostLock:
    """A lock on a file in a private folder; used by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take it unless another process has it; never waits. Raises OSError without a folder."""
        if self._file is None and make_private(self._path.parent):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
            else:
                self._file = file
        return self._file is not None

    def release(self) -> None:
        """Give it back, if it is held.

        In a forked child, which shares the parent's file: let the parent alone have it.
        """
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
