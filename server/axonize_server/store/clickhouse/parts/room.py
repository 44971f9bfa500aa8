"""Whether there is room on the disk of the engine inside this process."""

from __future__ import annotations

import os
from pathlib import Path

from axonize_server.model import StoreUnavailable

LEAST_BYTES = 48 << 20  # an insert takes less, even of what waits at most


class Room:
    """The room on the disk of a folder, of which nothing is taken when less than this is left."""

    def __init__(self, folder: Path, least_bytes: int = LEAST_BYTES) -> None:
        self._folder = folder
        self._least_bytes = least_bytes

    def is_left(self) -> bool:
        """Return whether there is enough."""
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize >= self._least_bytes

    def check(self) -> None:
        """Raise StoreUnavailable when there is too little."""
        if not self.is_left():
            least = f"{self._least_bytes >> 20} MiB"
            raise StoreUnavailable(f"less than {least} are left on the disk of {self._folder}")
