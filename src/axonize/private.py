"""A folder of this user's own, for what processes of one machine tell each other."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(folder: Path) -> bool:
    """Make the folder unless it is there; tell whether nobody else can have put anything into it.

    Raises OSError where it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    return found.st_uid == os.getuid() and found.st_mode & 0o022 == 0
