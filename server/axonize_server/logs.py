"""The server's log: lines on stderr that never make the server wait, and no flood of them."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import Counter

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
WAITING_LINES = 1000
SAME_LINE_EVERY_S = 10.0
CLOSING_S = 1.0


def configure() -> None:
    """Send the log of this process to stderr."""
    handler = PatientHandler(2)
    handler.addFilter(SeldomTheSame())
    logging.basicConfig(format=FORMAT, handlers=[handler])


class PatientHandler(logging.Handler):
    """Writes to a file descriptor from a thread of its own.

    A reader that does not read, a full pipe or a full disk holds up only that thread; what it
    cannot take is dropped and counted in the next line.
    """

    def __init__(self, descriptor: int, waiting_lines: int = WAITING_LINES) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: queue.Queue[str] = queue.Queue(waiting_lines)
        self._dropped = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line over without waiting."""
        try:
            line = self.format(record)
            if self._dropped:
                line = f"{line} ({self._dropped} lines before it were dropped)"
            self._lines.put_nowait(line)
            self._dropped = 0
        except queue.Full:
            self._dropped += 1
        except Exception:  # noqa: BLE001  logging's own way to say what is wrong with a record
            self.handleError(record)

    def close(self) -> None:
        """Give the last lines a moment to be written."""
        deadline = time.monotonic() + CLOSING_S
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        super().close()

    def _write(self) -> None:
        while True:
            data = f"{self._lines.get()}\n".encode(errors="replace")
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError:
                self._dropped += 1
            self._lines.task_done()


class SeldomTheSame(logging.Filter):
    """Passes the same line once in `every_s` seconds, with how often it was left out meanwhile.

    Lines are the same when the same place in a program says them, whatever is filled in.
    """

    def __init__(self, every_s: float = SAME_LINE_EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._last: dict[tuple[str, int], float] = {}
        self._left_out: Counter[tuple[str, int]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is due."""
        same = (record.pathname, record.lineno)
        if record.created - self._last.get(same, 0.0) < self._every_s:
            self._left_out[same] += 1
            return False
        self._last[same] = record.created
        if left_out := self._left_out.pop(same, 0):
            record.msg = f"{record.msg} ({left_out} more like this)"
        return True
