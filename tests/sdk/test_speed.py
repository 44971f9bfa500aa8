from __future__ import annotations

import os
import subprocess
import sys

from axonize import speed

PROGRAM = """
from axonize import speed
buffer = speed.RingBuffer(4)
speed.configure(buffer)
with speed.Span("outer") as outer:
    assert speed.current_span.get() is outer
encoded = speed.encode_spans(buffer.drain(4))
assert speed.encode_request({"service.name": "s"}, ("axonize", "1"), [encoded]).startswith(b"\\n")
print(speed.USING_C, speed.Span.__module__)
"""


def run(**environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_axonize_pure_chooses_python() -> None:
    assert run(AXONIZE_PURE="1") == "False axonize.spans\n"


def test_the_extension_is_used_when_it_is_there() -> None:
    expected = "True axonize._core\n" if speed.USING_C else "False axonize.spans\n"
    assert run(AXONIZE_PURE="") == expected
