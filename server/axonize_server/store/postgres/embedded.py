"""The PostgreSQL that the server brings along, in its data folder."""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from pathlib import Path

from axonize_server.model import StartError
from axonize_server.store.postgres.postmaster import answers, postmaster_lines, socket_folder
from axonize_server.store.postgres.programs import Programs

START_TIMEOUT_S = 120.0
WATCH_EVERY_S = 1.0
# In the folder of a database that was started once: without it, making it was cut short.
FINISHED = "axonize.finished"

logger = logging.getLogger(__name__)


class EmbeddedPostgres:
    """One PostgreSQL, started once; the caller must hold the lock of the data folder while it runs.

    When it dies it is started again, at the same address.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._restart_when_dead, daemon=True)

    def start(self) -> str:
        """Start it, or take over the one that a killed server left running; return the DSN."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._programs = Programs(self._directory)
        deadline = time.monotonic() + START_TIMEOUT_S
        while (failure := self._try_to_start()) is not None:
            if time.monotonic() > deadline:
                log = self._directory / "log"
                raise StartError(f"PostgreSQL does not start: {failure!r}; see {log}")
            time.sleep(0.2)
        (self._directory / FINISHED).touch()
        self._watch.start()
        return f"postgresql://postgres:@/postgres?host={postmaster_lines(self._directory)[4]}"

    def _try_to_start(self) -> Exception | None:
        """Start it and return None, or why it is not ready: after a crash it recovers first."""
        try:
            if not answers(self._directory):
                self._launch()
            return None if self._is_ready() else TimeoutError("it recovers")
        except (OSError, subprocess.SubprocessError) as error:
            return error

    def _launch(self) -> None:
        # After a crash or in a new container the number in it may belong to another program.
        # PostgreSQL still refuses to start beside processes of a dead one, by its shared memory.
        (self._directory / "postmaster.pid").unlink(missing_ok=True)
        _set_unfinished_aside(self._directory)
        if not (self._directory / "PG_VERSION").exists():
            self._programs.initdb()
        self._programs.start(socket_folder(self._directory))

    def _is_ready(self) -> bool:
        return [line.strip() for line in postmaster_lines(self._directory)[7:]] == ["ready"]

    def _restart_when_dead(self) -> None:
        while not self._stopping.wait(WATCH_EVERY_S):
            if not answers(self._directory):
                logger.error("PostgreSQL has ended; it is started again")
                self._restart()

    def _restart(self) -> None:
        while not self._stopping.is_set():
            if self._try_to_start() is None:
                logger.error("PostgreSQL runs again")
                return
            self._stopping.wait(WATCH_EVERY_S)

    def stop(self) -> None:
        """Stop it and wait until it has; without effect when it does not run."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        if answers(self._directory):
            self._programs.stop()


def _set_unfinished_aside(directory: Path) -> None:
    """Move a database whose making was cut short out of the way; PostgreSQL never starts it."""
    if not (directory / "PG_VERSION").exists() or (directory / FINISHED).exists():
        return
    aside = directory.with_name(f"{directory.name}.unfinished")
    shutil.rmtree(aside, ignore_errors=True)
    directory.rename(aside)
    directory.mkdir()
