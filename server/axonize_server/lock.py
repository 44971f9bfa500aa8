"""One server on a data folder: a lock that the operating system drops when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from axonize_server.model import StartError


class DataLock:
    """The lock of a data folder; the file says who holds it, and stays behind without effect."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = (directory / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise StartError(f"{directory} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._read_holder()
            self._file.close()
            raise StartError(
                f"{directory} is in use by {holder}; "
                "stop that server or choose another folder with --data-dir"
            ) from None
        self.write("starting")

    def _read_holder(self) -> str:
        self._file.seek(0)
        try:
            holder = json.loads(self._file.read())
            return f"the server with pid {holder['pid']} ({holder['address']})"
        except (ValueError, KeyError):
            return "another server"

    def write(self, address: str) -> None:
        """Note who holds the folder, and where it listens."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "address": address}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Let the next server in."""
        self._file.close()
