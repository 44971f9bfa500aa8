"""The server's log: lines on stderr that never make the server wait, and no flood of them."""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import time
from collections import Counter

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

OWN = ("axonize", "axonize_server")
WAITING_LINES = 1000
SAME_LINE_EVERY_S = 10.0
CLOSING_S = 1.0


# A bearer token, a key of a tenant, and the password of a database's address.
SECRET = re.compile(
    r"(?i)(\bbearer\s+)[^\s\"',;]+|(\baxo_[0-9a-f]{12}_)[\w-]+|(://[^\s:@/]*:)[^\s@/]+@"
)


def configure(form: str = "text", level: str = "warning") -> None:
    """Send the log of this process to stderr, as text or as JSON.

    The level is that of the server's own loggers; of libraries only warnings are shown.
    """
    handler = PatientHandler(2)
    handler.addFilter(SeldomTheSame())
    handler.setFormatter(formatter(form, colours=os.isatty(2)))
    logging.basicConfig(handlers=[handler])
    for name in OWN:
        logging.getLogger(name).setLevel(level.upper())


def formatter(form: str, *, colours: bool = False) -> logging.Formatter:
    """Return what makes lines of records: an object a line for "json", else text.

    What is bound to the context, such as the trace of a request, is part of the line.
    """
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide_secrets,
            _renderer(form, colours),
        ],
    )


def _renderer(form: str, colours: bool) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=colours, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )


def hide_secrets(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Replace keys and passwords, which an error of a library may repeat."""
    return {
        name: SECRET.sub(_hidden, value) if isinstance(value, str) else value
        for name, value in line.items()
    }


def _hidden(match: re.Match[str]) -> str:
    bearer, key, address = match.groups()
    return f"{address}***@" if address else f"{bearer or key}***"


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
            if self._dropped:
                record.msg = f"{record.msg} ({self._dropped} lines before it were dropped)"
            self._lines.put_nowait(self.format(record))
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

    Lines are the same when the same place in a program says them, whatever is filled in. One that
    is `said_once`, as its record says, was not said before.
    """

    def __init__(self, every_s: float = SAME_LINE_EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._last: dict[tuple[str, int], float] = {}
        self._left_out: Counter[tuple[str, int]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is due."""
        if getattr(record, "said_once", False):
            return True
        same = (record.pathname, record.lineno)
        if record.created - self._last.get(same, 0.0) < self._every_s:
            self._left_out[same] += 1
            return False
        self._last[same] = record.created
        if left_out := self._left_out.pop(same, 0):
            record.msg = f"{record.msg} ({left_out} more like this)"
        return True
