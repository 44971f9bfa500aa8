"""What this process does with its spans, in a small file that `axonize doctor` reads."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axonize import speed
from axonize.config import Config, load
from axonize.private import make_private

WRITE_EVERY_S = 5.0

_sections: dict[str, Callable[[], object]] = {}


def add_section(name: str, describe: Callable[[], object]) -> None:
    """Let the status have an entry of this name, made by calling describe() each time."""
    _sections[name] = describe


def describe() -> dict[str, Any]:
    """Return the status of this process, of values that JSON knows."""
    return {
        "pid": os.getpid(),
        "command": " ".join(sys.argv[:1]),
        "core": "C" if speed.USING_C else "Python",
        **{name: section() for name, section in _sections.items()},
    }


def directory(setting: str = "") -> Path:
    """Return the folder of the status files: the setting, or a private temporary folder."""
    return Path(setting) if setting else Path(tempfile.gettempdir()) / f"axonize-{os.getuid()}"


def read_all(setting: str | None = None) -> list[dict[str, Any]]:
    """Read the status of every process that is alive, and remove the files of the others.

    setting: `status_dir`; None takes it from the environment.
    """
    if setting is None:
        setting = load(Config, {}, complain=lambda _: None).status_dir
    found = []
    for path in sorted(directory(setting).glob("*.json")):
        if not _is_alive(path.stem):
            path.unlink(missing_ok=True)
            continue
        with contextlib.suppress(OSError, ValueError):  # it ended just now
            found.append(json.loads(path.read_text()))
    return found


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return True


class StatusFile:
    """The file of this process; written about every WRITE_EVERY_S by the worker's thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.getpid()}.json"
        self._written = -WRITE_EVERY_S  # monotonic s

    def refresh(self) -> None:
        """Write the status, unless that was done a moment ago or the folder is not private."""
        now = time.monotonic()
        if now - self._written < WRITE_EVERY_S:
            return
        self._written = now
        with contextlib.suppress(OSError):  # a full or read-only disk is no reason to complain
            if make_private(self._folder):
                self._write(json.dumps(describe(), default=str))

    def remove(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        beside = self._path.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self._path)
