from __future__ import annotations

import logging
import os
import subprocess
import sys

from axonize_server.logs import PatientHandler, SeldomTheSame

FLOOD = """
import logging
from axonize_server import logs
logs.configure()
for number in range(3000):
    logging.getLogger().handle(logging.LogRecord("a", 40, "file", number, "x" * 1000, (), None))
print("not held up")
"""


def test_a_stderr_that_nobody_reads_holds_up_nothing():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb") as stderr:
        done = subprocess.run(
            [sys.executable, "-c", FLOOD], stdout=subprocess.PIPE, stderr=stderr, timeout=60
        )
    assert (done.returncode, done.stdout) == (0, b"not held up\n")


def test_lines_that_fit_are_all_written_before_the_end():
    program = FLOOD.replace("3000", "300")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert len(done.stderr.splitlines()) == 300


def test_what_is_dropped_is_counted_in_the_next_line():
    reader, writer = os.pipe()
    handler = PatientHandler(writer, waiting_lines=1)
    log = logging.Logger("flood")
    log.addHandler(handler)
    for _ in range(2000):
        log.error("x" * 1000)
    with os.fdopen(reader, "rb") as pipe:
        while handler._lines.unfinished_tasks:
            os.read(pipe.fileno(), 1 << 16)
        log.error("again")
        handler.close()
        os.close(writer)
        assert b"lines before it were dropped)\n" in pipe.read()


def record(message: str, at: float, *arguments: object) -> logging.LogRecord:
    made = logging.LogRecord("name", logging.ERROR, "file", len(message), message, arguments, None)
    made.created = at
    return made


def test_the_same_line_is_said_seldom_and_with_its_number():
    seldom = SeldomTheSame(10.0)
    said = [
        each.getMessage()
        for each in (
            record("down: %s", 100, 1),
            record("down: %s", 101, 2),
            record("up", 102),
            record("down: %s", 109.9, 3),
            record("down: %s", 110, 4),
            record("down: %s", 120, 5),
        )
        if seldom.filter(each)
    ]
    assert said == ["down: 1", "up", "down: 4 (2 more like this)", "down: 5"]
