"""The extension: when it is used, that it bounds its memory and leaves the GIL to others."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading

import pytest
from axonize_server.ingest import native

from tests.server.ingest.otlp import EVERY_TYPE, body, span
from tests.server.ingest.test_bounds import MIB, field

needs_c = pytest.mark.skipif(not native.USING_C, reason="the C extension is not used")
CHOICE = """
from axonize_server.ingest.decoder import new_decoder
print(type(new_decoder()).__name__)
"""


def choice(**environment: str) -> str:
    command = [sys.executable, "-c", CHOICE]
    return subprocess.check_output(command, env={**os.environ, **environment}, text=True).strip()


def test_axonize_pure_chooses_arrow():
    assert choice(AXONIZE_PURE="1") == "ArrowDecoder"


def test_the_extension_is_used_when_it_is_there():
    built = importlib.util.find_spec("axonize_server._decode")
    expected = "NativeDecoder" if built else "ArrowDecoder"
    assert choice(AXONIZE_PURE="") == expected


@needs_c
@pytest.mark.parametrize(
    "large",
    [
        field(1, field(2, field(2, b"") * (3 * MIB))),
        field(1, field(2, field(2, field(11, b"") * (9 * MIB)))),
        field(1, field(2, field(2, field(9, b"") * (9 * MIB)))),
        field(1, field(1, field(1, b"") * (9 * MIB))),
        body(*(span(i) for i in range(1, 1000)), resource={"command": "x" * MIB}),
    ],
    ids=["spans", "events", "attributes", "resource attributes", "a large resource"],
)
def test_what_grows_too_much_is_left_alone(large):
    block = native.new_block()

    assert block.add("t", large) is None
    assert block.add("t", body(span(1)))[:2] == (1, 0)


@needs_c
def test_a_request_that_is_left_alone_leaves_nothing():
    block, fresh = native.new_block(), native.new_block()
    block.add("t", body(span(1, EVERY_TYPE), span(2))[:-1])

    block.add("t", b"")
    fresh.add("t", b"")

    assert block.add("t", body(span(3)))[:2] == fresh.add("t", body(span(3)))[:2] == (1, 0)


@needs_c
def test_other_threads_run_meanwhile():
    large = body(*(span(i, EVERY_TYPE) for i in range(1, 100))) * 300
    block = native.new_block()
    thread = threading.Thread(target=block.add, args=("t", large))
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # nobody gives the GIL away unless asked to
    try:
        thread.start()
        seen = thread.is_alive()
        thread.join()
    finally:
        sys.setswitchinterval(switch)

    assert seen


@needs_c
@pytest.mark.parametrize(
    "table", [(("a", "Decimal", ()),), (("a", "UInt8", ("k",)),), ("a",), ((1, "UInt8", ()),)]
)
def test_a_table_that_is_no_table_is_refused(table):
    with pytest.raises((TypeError, ValueError, SystemError)):
        native._decode.Block(table, (), (), (1, 1, 1, 1, 1))
