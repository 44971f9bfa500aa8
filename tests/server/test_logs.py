from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from axonize_server.correlation import correlated
from axonize_server.logs import PatientHandler, SeldomTheSame, formatter

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
            [sys.executable, "-c", FLOOD], stdout=subprocess.PIPE, stderr=stderr, timeout=240
        )
    assert (done.returncode, done.stdout) == (0, b"not held up\n")


def test_lines_that_fit_are_all_written_before_the_end(tmp_path):
    program = FLOOD.replace("3000", "300")
    with (tmp_path / "log").open("wb") as stderr:  # a pipe may be read too slowly
        subprocess.run([sys.executable, "-c", program], stderr=stderr, timeout=240)
    assert len((tmp_path / "log").read_bytes().splitlines()) == 300


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
    once = record("down: %s", 121, 6)
    once.said_once = True
    assert seldom.filter(once), "it was not said before"


def fail() -> logging.LogRecord:
    try:
        raise ValueError("no")
    except ValueError:
        made = logging.LogRecord("axonize_server.x", 40, "f", 1, "down: %s", ("é",), sys.exc_info())
        made.created = 0
        return made


def test_json_is_an_object_a_line_with_the_trace_and_the_traceback():
    with correlated({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}):
        line = formatter("json").format(fail())
    assert "\n" not in line
    parsed = json.loads(line)
    assert parsed.pop("timestamp").endswith("Z")
    assert parsed.pop("exception").startswith("Traceback (most recent call last):\n")
    assert parsed == {
        "event": "down: é",
        "level": "error",
        "logger": "axonize_server.x",
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
    }


def test_text_is_a_line_and_coloured_only_on_a_terminal():
    with correlated({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}):
        line, *traceback = formatter("text").format(fail()).splitlines()
    assert "[error" in line
    assert "down: é" in line
    assert f"trace_id={'ab' * 16}" in line
    assert "\x1b" not in line
    assert traceback[-1] == "ValueError: no"
    assert "\x1b[" in formatter("text", colours=True).format(fail())


@pytest.mark.parametrize("form", ["text", "json"])
def test_keys_and_passwords_are_hidden_wherever_they_come_from(form):
    message = (
        "Authorization: Bearer s3cret, key axo_0123456789ab_s3cret-s3cret, "
        "http://user:s3cret@host:8123/db and http://host:8123/db"
    )
    made = logging.LogRecord("x", 40, "f", 1, message, (), None)
    line = formatter(form).format(made)
    assert "s3cret" not in line
    assert "Bearer ***, key axo_0123456789ab_***, http://user:***@host:8123/db" in line
    assert "and http://host:8123/db" in line


LEVELS = """
import logging
from axonize_server import logs
logs.configure("json", "info")
logging.getLogger("axonize.server").info("hello")
logging.getLogger("axonize_server.x").info("hello")
logging.getLogger("axonize_server.x").debug("details")
logging.getLogger("litestar").info("hello")
logging.shutdown()
"""


def test_the_level_is_of_the_servers_own_loggers():
    done = subprocess.run([sys.executable, "-c", LEVELS], capture_output=True, timeout=60)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["logger"], line["event"]) for line in lines] == [
        ("axonize.server", "hello"),
        ("axonize_server.x", "hello"),
    ]
